using UNetGen.Compiler;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Onnx.Tests;

/// <summary>
/// Random specs of all families, the same in every run, each exported and compared with its network: once for all tests of them.
/// </summary>
public sealed class RandomSpecs : IDisposable
{
    private const int Count = 200;

    /// <summary>What chance has left out.</summary>
    private static readonly string[] Rare =
    [
        "preset: ddpm\nimage_size: 4\nchannels: 1\ndim: 8\nchannel_multipliers: [1]\ngroups: 4\nblocks_per_level: 4\nattention: none",
    ];

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("unetgen-onnx-tests-");
    private readonly string[] specs = new string[Count + Rare.Length];
    private readonly string[] files = new string[Count + Rare.Length];
    private readonly string?[] failures = new string?[Count + Rare.Length];

    public RandomSpecs()
    {
        var texts = new List<string>();
        SpecGen.ForEach(SpecGen.Valid, Count, text => texts.Add(SmallSpecs.Of(text)));
        texts.AddRange(Rare);
        Parallel.For(0, texts.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, number =>
        {
            try
            {
                Compare(number, texts[number]);
            }
            catch (Exception problem)
            {
                failures[number] = $"{problem.Message}\n{texts[number]}\n";
            }
        });
    }

    /// <summary>Every key of each with its value, as the network has it.</summary>
    public IReadOnlyList<string> Effective => specs;

    /// <summary>One of each.</summary>
    public IReadOnlyList<string> Files => files;

    /// <summary>Those whose file predicts something else than the network.</summary>
    public IEnumerable<string> Failures => failures.OfType<string>();

    public void Dispose() => folder.Delete(recursive: true);

    private void Compare(int number, string text)
    {
        using var compiled = SpecCompiler.CompileText(text);
        specs[number] = compiled.Info.Spec;
        using var network = Comparison.Network(compiled);
        files[number] = Path.Combine(folder.FullName, $"{number}.onnx");
        OnnxExport.Save(files[number], network);
        using var file = new OnnxRun(files[number]);
        Comparison.AssertSame(network, file, 1);
        Comparison.AssertSame(network, file, 3);
    }
}
