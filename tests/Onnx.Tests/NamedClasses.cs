using UNetGen.Data;

namespace UNetGen.Onnx.Tests;

/// <summary>An image for each class, 3 x 8 x 8.</summary>
internal sealed class NamedClasses(IReadOnlyList<string> classes) : IImageSource
{
    public string Description => "one image for each class";

    public int Count => classes.Count;

    public int Channels => 3;

    public int Height => 8;

    public int Width => 8;

    public IReadOnlyList<string> Classes => classes;

    public int Label(int index) => index;

    public void Read(int index, Span<float> pixels)
    {
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = (i + index) % 3 - 1;
    }
}
