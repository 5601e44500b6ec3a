using System.Globalization;
using SkiaSharp;

namespace UNetGen.Examples.Tests.Report;

/// <summary>A run's folder, made by hand: as a training leaves it, without the training.</summary>
internal static class MadeRun
{
    /// <summary>What it was trained on, as whoever wishes us ill would call it.</summary>
    public const string HostileData =
        "</title><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{steps}}";

    /// <summary>All that a run may have: 3,000 steps, four grids, three checkpoints, two starts.</summary>
    public static void Write(string folder)
    {
        WriteLog(folder, 3000);
        WriteOptions(folder, "../data/digits");
        foreach (var step in new[] { 500, 1000, 2000, 3000 })
            WritePicture(
                Path.Combine(folder, "samples", string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}.png")), (byte)(step / 12));
        WritePicture(Path.Combine(folder, "samples.png"), 255);
        WritePicture(Path.Combine(folder, "noise-to-picture.png"), 128);
        foreach (var (step, loss) in new[] { (1000, "0.06"), (2000, "0.031"), (3000, "0.032") })
            WriteFile(Path.Combine(folder, "checkpoints", $"step-{step:D8}", "checkpoint.json"),
                $$"""{"network":"MnistUNet","spec":"name: MnistUNet","spec_hash":"0","step":{{step}},"loss":{{loss}},"training":{"batch_size":16} }""");
        WriteFile(
            Path.Combine(folder, "starts.jsonl"),
            Start("2026-05-01T08:00:00+02:00", 0, "first") + Start("2026-05-02T09:30:00+02:00", 1000, "second"));
    }

    public static void WriteOptions(string folder, string data) => WriteFile(Path.Combine(folder, "run.yaml"),
        $"network: MnistUNet\ndata: '{data.Replace("'", "''")}'\nseed: 7\ntraining:\n  steps: 4000\n  ema: [0.99, 0.9999]\n");

    /// <summary>Losses that fall like 1 / step, with one that is no number.</summary>
    public static void WriteLog(string folder, int steps) =>
        WriteFile(Path.Combine(folder, "log.jsonl"), string.Concat(Enumerable.Range(1, steps).Select(step =>
        string.Create(CultureInfo.InvariantCulture,
            $$"""{"step":{{step}},"loss":{{(step == 10 ? "\"NaN\"" : (0.03 + 1.0 / step).ToString("R", CultureInfo.InvariantCulture))}},"gradient_norm":0.5,"learning_rate":0.001,"images_per_second":200,"seconds_per_thousand_images":5,"resident_bytes":{{600_000_000 + step}},"elapsed_seconds":{{step / 10.0}}}{{"\n"}}"""))));

    public static void WriteFile(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static string Start(string date, int afterStep, string machine) =>
        $$"""{"date":"{{date}}","after_step":{{afterStep}},"machine":"{{machine}}","operating_system":"Debian","processor":"AMD","processor_count":2,"threads":2,"device":"cpu","dotnet":"10.0.1","torchsharp":"0.107.0","unetgen":"0.1.0"}""" + "\n";

    private static void WritePicture(string path, byte grey)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(64, 64);
        bitmap.Erase(new SKColor(grey, grey, grey));
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, png.ToArray());
    }
}
