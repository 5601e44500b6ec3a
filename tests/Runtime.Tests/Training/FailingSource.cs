using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Four images of stripes, of which so many can be read before reading fails.</summary>
/// <param name="reads">How many; a training looks at all four before its first step.</param>
/// <param name="fault">Makes what is thrown then.</param>
public sealed class FailingSource(int reads, Func<Exception> fault) : IImageSource
{
    private readonly Stripes stripes = new();
    private int done;

    public string Description => "a share that goes away";

    public int Count => stripes.Count;

    public int Channels => stripes.Channels;

    public int Height => stripes.Height;

    public int Width => stripes.Width;

    public void Read(int index, Span<float> pixels)
    {
        if (Interlocked.Increment(ref done) > reads)
            throw fault();
        stripes.Read(index, pixels);
    }
}
