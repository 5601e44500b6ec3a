using UNetGen.Compiler;
using UNetGen.Onnx.Web;
using UNetGen.Sampling;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>A small drawing of 3 classes and one that stands for none, and what it draws outside a browser.</summary>
internal static class MadeDrawing
{
    public static readonly WebDrawing Facts = new()
    {
        Network = "MadeUNet",
        Channels = 1,
        Height = 28,
        Width = 28,
        NumClasses = 4,
        Guidance = true,
        Classes = ["round", "square", "<b>tri&angle"],
        Sampler = "DDIM of 4 steps",
        Steps = 4,
        Parameters = 12_345,
    };

    private static readonly Lazy<byte[]> Exported = new(Export);

    /// <summary>Writes draw.onnx into a folder.</summary>
    public static void Write(string folder) => File.WriteAllBytes(Path.Combine(folder, WebFolder.DrawingName), Exported.Value);

    /// <summary>One picture, [height, width], drawn by ONNX Runtime in this process.</summary>
    public static byte[] Draw(string folder, long seed, int image, long label, float guidance)
    {
        var noise = new float[Facts.Height * Facts.Width];
        Deploy.ImageNoise.Fill(seed, image, noise);
        using var file = new OnnxRun(Path.Combine(folder, WebFolder.DrawingName));
        var (bytes, _) = file.Run<byte>(
            ("noise", noise, [1, 1, Facts.Height, Facts.Width]), ("labels", new[] { label }, [1]), ("guidance", new[] { guidance }, []));
        Assert.True(bytes.Distinct().Count() > 50, "The picture is nearly one colour, which proves nothing.");
        return bytes;
    }

    private static byte[] Export()
    {
        using var compiled = SpecCompiler.CompileText("""
            preset: lucidrains
            image_size: 28
            channels: 1
            dim: 8
            channel_multipliers: [1, 2]
            num_classes: 4
            diffusion: { timesteps: 100, schedule_scaling: false } # so little noise that not all is clipped
            """);
        using var network = Comparison.Network(compiled);
        var folder = Directory.CreateTempSubdirectory("unetgen-web-");
        try
        {
            var path = Path.Combine(folder.FullName, WebFolder.DrawingName);
            OnnxExport.Save(path, network, new OnnxOptions { Sampler = new DdimSampler(Facts.Steps) });
            return File.ReadAllBytes(path);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
