using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>Reads a scheduler's configuration as the diffusion that the network was trained for.</summary>
internal static class DiffusionFromConfig
{
    public const string ClassName = "_class_name";

    private static readonly Dictionary<string, Func<ConfigFile, DiffusionOptions>> Classes = new()
    {
        [SchedulerWords.Ddpm] = scheduler => DdpmFromConfig.Read(scheduler, hasVariance: true),
        // They share the settings that say what was trained; how they sample is of no concern here.
        ["DDIMScheduler"] = scheduler => DdpmFromConfig.Read(scheduler, hasVariance: false),
        ["PNDMScheduler"] = scheduler => DdpmFromConfig.Read(scheduler, hasVariance: false, clips: false),
        [SchedulerWords.FlowEuler] = FlowFromConfig.Read,
        [SchedulerWords.FlowHeun] = FlowFromConfig.Read,
        [SchedulerWords.EdmEuler] = EdmFromConfig.Read,
        [SchedulerWords.EdmDpmSolver] = EdmFromConfig.Read,
    };

    public static DiffusionOptions Read(ConfigFile scheduler)
    {
        // Of a class that isn't known no setting is.
        if (scheduler.Value<string?>(ClassName, null) is not { } name || !Classes.TryGetValue(name, out var read))
        {
            scheduler.RefuseOnce(ClassName, $"known schedulers are {string.Join(", ", Classes.Keys)}");
            return new();
        }
        var options = read(scheduler);
        scheduler.RefuseUnknown();
        return options;
    }

    /// <summary>How the scheduler draws, as far as that isn't how samplers here do: sentences.</summary>
    /// <param name="scheduler">One that was read without a reason against it.</param>
    /// <param name="type">What was read.</param>
    public static IEnumerable<string> Remarks(ConfigFile scheduler, DiffusionType type) => type switch
    {
        DiffusionType.Flow => FlowFromConfig.Remarks(scheduler),
        DiffusionType.Edm => EdmFromConfig.Remarks(scheduler),
        _ => DdpmFromConfig.Remarks(scheduler),
    };
}
