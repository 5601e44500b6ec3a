using Spectre.Console;
using UNetGen.Cli.Runs;
using UNetGen.Compiler;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Onnx;
using UNetGen.Onnx.Files;
using UNetGen.Onnx.Web;
using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>
/// Writes a checkpoint as an ONNX file, or as a folder with one and a page that draws with it, for which no libtorch is loaded, and says
/// what goes in and what comes out.
/// </summary>
internal static class OnnxFormat
{
    private const string Ending = ".onnx";
    private const int StepsOfPage = 20;

    /// <param name="path">Of the checkpoint.</param>
    /// <param name="output">The file; neither it nor the one with large weights beside it may be there.</param>
    /// <param name="half">Whether in float16.</param>
    /// <param name="sampler">The sampler for a diffusion; null: the file is the network alone.</param>
    public static void Write(string path, string output, bool half, Func<DiffusionOptions, SpacedSampler?> sampler)
    {
        using var claim = NewFile.Claim(output, Ending);
        using var claimOfData = NewFile.Claim(output + ModelFile.DataEnding, ModelFile.DataEnding);
        Write(path, half, sampler, (opened, options) => OnnxExport.Save(claim.Path, opened, options));
    }

    /// <param name="path">Of the checkpoint.</param>
    /// <param name="output">The folder; it isn't there, or empty.</param>
    /// <param name="half">Whether in float16.</param>
    /// <param name="sampler">The sampler for a diffusion; null: DPM-Solver++(2M).</param>
    public static void WritePage(string path, string output, bool half, Func<DiffusionOptions, SpacedSampler?> sampler)
    {
        using var claim = NewFile.ClaimFolder(output);
        var runtime = WebFolder.FindRuntime(Directory.GetCurrentDirectory());
        Write(
            path, half, diffusion => sampler(diffusion) ?? new DpmSolverSampler(Math.Min(StepsOfPage, diffusion.Timesteps)),
            (opened, options) => WebFolder.Save(claim.Path, opened, options, runtime));
        AnsiConsole.MarkupLineInterpolated($"A page that draws is in [blue]{claim.Path}[/]");
        AnsiConsole.MarkupLineInterpolated($"To serve it: [grey]python3 -m http.server --directory {ShellWord.Of(claim.Path)}[/]");
        if (runtime is null)
            AnsiConsole.MarkupLineInterpolated($"It loads onnxruntime-web from cdn.jsdelivr.net. For a folder that needs nobody else, run this here, and export again: [grey]npm install onnxruntime-web@{WebFolder.RuntimeVersion}[/]");
    }

    private static void Write(
        string path, bool half, Func<DiffusionOptions, SpacedSampler?> sampler, Func<Checkpoint, OnnxOptions, OnnxFile> save)
    {
        var (trained, (file, options)) = TrainedWeights.Read(path, Warnings.Show, opened =>
        {
            var chosen = new OnnxOptions { Half = half, Sampler = sampler(OnnxExport.DiffusionOf(opened)) };
            return (save(opened, chosen), chosen);
        });
        // Those of the checkpoint are told already.
        foreach (var doubt in file.Doubts.Except(trained.Doubts))
            Warnings.Show(RunFields.InWordsOfRuns(doubt));
        var info = SpecCompiler.DescribeFrom(trained).Info;
        if (options.Sampler is not null)
            new SampledClasses(info, trained).WarnOfFile();
        Show(file, options, info, trained);
    }

    private static void Show(OnnxFile file, OnnxOptions options, NetworkInfo info, Checkpoint trained)
    {
        var what = options.Sampler is { } sampler ? $"draws by {sampler.DescriptionFor(NoiseLevels.Of(OnnxExport.DiffusionOf(trained)))}" : "computes the network";
        AnsiConsole.MarkupLineInterpolated($"{file.Network} in [blue]{file.Paths[0]}[/], {ByteCount.Of(file.ByteCount)}: {what}{(options.Half ? ", weights in float16" : "")}");
        foreach (var beside in file.Paths.Skip(1))
            AnsiConsole.MarkupLineInterpolated($"Its weights are in [blue]{beside}[/], which goes with it");
        var table = new Grid().AddColumn(Column(2)).AddColumn(Column(2)).AddColumn(Column(2)).AddColumn(Column(0));
        foreach (var (index, input) in file.Inputs.Index())
            AddRow(index == 0 ? "takes" : "", input);
        AddRow("gives", file.Output);
        AnsiConsole.Write(table);

        void AddRow(string side, string value)
        {
            var name = value.Split(' ')[0];
            table.AddRow(new Text(side), new Text(name), new Text(value[(name.Length + 1)..]), new Text(Meaning(name)));
        }

        string Meaning(string name) => name switch
        {
            "x" => OnnxExport.DiffusionOf(trained).Type == DiffusionType.Edm ? "noisy images times c_in" : "noisy images",
            "timesteps" => $"how noisy each is, {Timesteps(OnnxExport.DiffusionOf(trained))}",
            "self_condition" => "the estimate of the clean images before; zeros at first",
            "prediction" => SpecCompiler.DescribeFrom(trained).Predicts,
            "noise" => "standard normal numbers",
            "labels" => $"a class each, 0 to {info.NumClasses - (trained.HasLearntNone(info.NumClasses) == false ? 2 : 1)}",
            "context" => "what the network attends to, as a text encoder's tokens",
            "negative_context" => "what guidance leads away from, of as many tokens",
            "condition" => "what goes in behind the images",
            "guidance" when info.ContextDim is not null => "towards the context; 1 is off",
            "guidance" => $"towards the class; 1 is off, and class {info.NumClasses - 1} stands for none",
            "latents" => "what an autoencoder makes pictures of",
            "images" => "levels from 0 to 255",
            _ => "",
        };
    }

    private static string Timesteps(DiffusionOptions diffusion) => diffusion.Type switch
    {
        DiffusionType.Flow => "1000 t, 0 to 1000",
        DiffusionType.Edm => "ln(sigma) / 4",
        _ => $"0 to {diffusion.Timesteps - 1}",
    };

    private static GridColumn Column(int space) => new GridColumn().NoWrap().PadLeft(0).PadRight(space);
}
