using SkiaSharp;

namespace UNetGen.Examples.Tests;

/// <summary>A network that has seen some digits, trained once for the tests of a class: the run <c>run</c>.</summary>
public sealed class TrainedDigits : IDisposable
{
    public const int Side = 28;

    /// <summary>With one class more than there are digits.</summary>
    public const string Spec =
        "preset: lucidrains\nimage_size: 28\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\nnum_classes: 11\n";

    public static readonly string Data = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");

    public TrainedDigits()
    {
        File.WriteAllText(Program.File("digits.unet.yaml"), Spec);
        Program.Succeed(
            "train", "--spec", "digits.unet.yaml", "--data", Data, "--steps", "20", "--batch-size", "8", "--ema-decay", "0.5",
            "--count", "1", "--sample-steps", "1", "--sample-every", "none", "--out", "run");
    }

    public ExampleProgram Program { get; } = new();

    /// <summary>The levels of the pictures that <c>sample</c> has left in a folder, [picture, row, column].</summary>
    public byte[] Pictures(string folder, int count) =>
    [
        .. Enumerable.Range(0, count).SelectMany(number =>
        {
            using var picture = SKBitmap.Decode(Program.File($"{folder}/{number:D6}.png"));
            return picture.Pixels.Select(pixel => pixel.Red);
        }),
    ];

    public void Dispose() => Program.Dispose();
}
