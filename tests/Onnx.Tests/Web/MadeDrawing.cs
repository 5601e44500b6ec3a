using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using UNetGen.Onnx.Web;

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

    /// <summary>Writes draw.onnx into a folder.</summary>
    public static void Write(string folder)
    {
        // TO BE FILLED IN: OnnxExport writes here what Facts say.
        StandIn.Write(Path.Combine(folder, WebFolder.DrawingName));
    }

    /// <summary>One picture, [height, width], drawn by ONNX Runtime in this process.</summary>
    public static byte[] Draw(string folder, long seed, int image, long label, float guidance)
    {
        var noise = new float[Facts.Height * Facts.Width];
        Deploy.ImageNoise.Fill(seed, image, noise);
        using var session = new InferenceSession(Path.Combine(folder, WebFolder.DrawingName));
        using var results = session.Run([
            NamedOnnxValue.CreateFromTensor("noise", new DenseTensor<float>(noise, [1, 1, Facts.Height, Facts.Width])),
            NamedOnnxValue.CreateFromTensor("labels", new DenseTensor<long>(new[] { label }, [1])),
            NamedOnnxValue.CreateFromTensor("guidance", new DenseTensor<float>(new[] { guidance }, [])),
        ]);
        return [.. results.Single(result => result.Name == "images").AsTensor<byte>()];
    }
}
