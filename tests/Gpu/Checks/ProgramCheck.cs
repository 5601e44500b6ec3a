namespace UNetGen.GpuCheck.Checks;

/// <summary>The program as a user starts it: its commands, and the files that they leave.</summary>
internal static class ProgramCheck
{
    public static void Run(Settings settings, Findings findings)
    {
        if (OtherProcess.RealProgram is not { } program)
        {
            findings.Hold(false, "UNetGen.Examples lies neither beside this program nor where its project builds it");
            return;
        }
        var folder = settings.Empty("program");
        var (run, samples, features) = (In("run"), In("samples"), Settings.Beside("Evaluation", "mean_colour.pt"));
        var steps = Math.Min(40, settings.Steps);
        Do(["train", "--steps", $"{steps}", "--count", "4", "--out", run]);
        Made("run/samples.png", "run/loss.png", "run/log.jsonl", "run/run.yaml", $"run/checkpoints/step-{steps:00000000}/ema.safetensors");
        findings.Summary = "trains";
        if (settings.IsTrial)
            return;
        Do(["train", "--resume", run, "--steps", $"{steps + 5}"]);
        Made($"run/checkpoints/step-{steps + 5:00000000}/weights.safetensors");
        Do(["train", "--steps", $"{steps}", "--precision", "bfloat16", "--count", "4", "--out", In("half")]);
        Made("half/samples.png");
        Do(["train", "--steps", $"{steps}", "--precision", "float16", "--checkpoint", "--count", "4", "--out", In("scaled")]);
        Made("scaled/samples.png");
        Do(["sample", "--checkpoint", run, "--steps", "5", "--count", "4", "--out", In("grid.png")]);
        Made("grid.png");
        Do(["sample", "--checkpoint", run, "--steps", "5", "--count", "8", "--out", samples]);
        Do([
            "evaluate", "--samples", samples, "--data", "shapes", "--features", features, "--feature-input", "unit",
            "--cache", In("cache")]);
        findings.Summary = "trains, resumes, trains in bfloat16 and in float16 with gradient checkpointing, draws and evaluates";

        string In(string name) => Path.Combine(folder, name);

        void Do(string[] arguments)
        {
            var (code, said) = OtherProcess.Run([.. program, .. arguments, "--device", settings.DeviceText]);
            findings.Say($"`{arguments[0]}` ended with {code}:");
            findings.Quote(said);
            findings.Hold(code == 0, $"`{string.Join(' ', arguments)}` ended with {code}: {said.Trim().Split('\n')[^1]}");
        }

        void Made(params string[] files) => Array.ForEach(
            files, file => findings.Hold(new FileInfo(In(file)) is { Exists: true, Length: > 0 }, $"{file} wasn't made"));
    }
}
