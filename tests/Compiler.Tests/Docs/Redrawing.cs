// Excerpt: networks without a build
using UNetGen.Compiler;
using UNetGen.Pictures;
using UNetGen.Sampling;

public static class Redrawing
{
    /// <summary>Draws with a checkpoint of a network that this program has never seen.</summary>
    /// <param name="checkpoint">A run's folder, a checkpoint's, or a .safetensors file that carries its spec.</param>
    /// <param name="picture">The .png file to write.</param>
    public static void Draw(string checkpoint, string picture)
    {
        using var opened = SpecCompiler.Open(checkpoint);
        foreach (var doubt in opened.Doubts)
            Console.Error.WriteLine(doubt);
        using var pictures = new DdimSampler(steps: 10).Sample(opened.Network, new SamplingOptions { Count = 4 });
        ImageGrid.Save(pictures, picture);
    }

    /// <summary>The network of a file in another width.</summary>
    public static CompiledNetwork OfWidth(string spec, int dim) =>
        SpecCompiler.CompileText($"extends: {spec}\ndim: {dim}\n", $"width{dim}.unet.yaml");
}
// End of excerpt
