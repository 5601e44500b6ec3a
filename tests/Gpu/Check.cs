using UNetGen.Backends;
using UNetGen.GpuCheck.Checks;

namespace UNetGen.GpuCheck;

/// <summary>Something that must hold.</summary>
/// <param name="Name">For <c>--only</c>.</param>
/// <param name="About">What holds, for the report.</param>
/// <param name="Run">Says what it sees.</param>
/// <param name="Usual">Whether it runs unless asked for; others are started by another check, in a process of their own.</param>
internal sealed record Check(string Name, string About, Action<Settings, Findings> Run, bool Usual = true)
{
    /// <summary>All, in the order in which they run: what fails first is what the others need.</summary>
    public static readonly IReadOnlyList<Check> All =
    [
        new("loads", "libtorch loads and sees the device", LoadCheck.Run),
        new("golden", "The references' outputs, losses and gradients, in float32 without TF32", GoldenCheck.Run),
        new("bfloat16", "bfloat16 is as near to float32 as on the CPU", PrecisionCheck.Of(Precision.BFloat16)),
        new("float16", "float16 is as near to float32 as on the CPU", PrecisionCheck.Of(Precision.Float16)),
        new("blocks", "Every block is the textbook's on the CPU, forward and backward, in both layouts", BlockCheck.Run),
        new("curve", "The loss of a training is the CPU's", CurveCheck.Run),
        new("resume", "A training that was stopped goes on as the one that wasn't", ResumeCheck.Run),
        new("checkpoints", "Checkpoints go both ways between CPU and device", CheckpointCheck.Run),
        new("samplers", "Every sampler draws the CPU's pictures", SamplerCheck.Run),
        new("evaluation", "Features and their Frechet distance are the CPU's", EvaluationCheck.Run),
        new("faults", "What goes wrong is said in a sentence, and the process goes on", FaultCheck.Run),
        new("label", "A label out of range on the device itself", LabelCheck.Run, Usual: false),
        new("program", "The program trains, draws and evaluates", ProgramCheck.Run),
        new("memory", "A training's memory doesn't grow", MemoryCheck.Run),
    ];
}
