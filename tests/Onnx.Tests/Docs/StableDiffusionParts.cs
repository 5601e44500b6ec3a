// Excerpt: the networks beside the U-Net
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

/// <summary>Stable Diffusion's text encoder and autoencoder, as ONNX files in a folder, with tensors in and out.</summary>
/// <param name="folder">With text_encoder/model.onnx and the like, as diffusers' scripts lay them out.</param>
/// <param name="padding">What texts are filled up with: in version 1 the token of their end, in version 2 0.</param>
public sealed class StableDiffusionParts(string folder, int padding = StableDiffusionParts.End) : IDisposable
{
    private const int Tokens = 77, Begin = 49406, End = 49407;   // CLIP's
    private const float Scale = 0.18215f;                        // brings latents to a deviation of about 1

    private readonly InferenceSession textEncoder = new(Path.Combine(folder, "text_encoder", "model.onnx"));
    private readonly InferenceSession encoder = new(Path.Combine(folder, "vae_encoder", "model.onnx"));
    private readonly InferenceSession decoder = new(Path.Combine(folder, "vae_decoder", "model.onnx"));

    /// <summary>What a text says, [1, 77, width].</summary>
    /// <param name="words">Its tokens by CLIP's vocabulary, up to 75; of an empty text none.</param>
    public Tensor Context(params int[] words)
    {
        int[] ids = [Begin, .. words, End, .. Enumerable.Repeat(padding, Tokens - 2 - words.Length)];
        // Of some exports int32, of others int64.
        using var input = textEncoder.InputMetadata["input_ids"].ElementType == typeof(long)
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(ids, id => (long)id), [1, Tokens])
            : OrtValue.CreateTensorValueFromMemory(ids, [1, Tokens]);
        return Run(textEncoder, "input_ids", input, "last_hidden_state");
    }

    /// <summary>Pictures [n, 3, height, width] in [-1, 1] as latents, [n, 4, height / 8, width / 8].</summary>
    public Tensor Encode(Tensor pictures)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(pictures.data<float>().ToArray(), pictures.shape);
        // A sample, or means and variances.
        return Run(encoder, "sample", input, encoder.OutputNames[0]).narrow(1, 0, 4) * Scale;
    }

    /// <summary>Latents [n, 4, height, width] as pictures, [n, 3, 8 height, 8 width], in [-1, 1] but for some values.</summary>
    public Tensor Decode(Tensor latents)
    {
        var scaled = latents.cpu() / Scale;
        using var input = OrtValue.CreateTensorValueFromMemory(scaled.data<float>().ToArray(), scaled.shape);
        return Run(decoder, "latent_sample", input, "sample");
    }

    public void Dispose()
    {
        textEncoder.Dispose();
        encoder.Dispose();
        decoder.Dispose();
    }

    private static Tensor Run(InferenceSession session, string name, OrtValue input, string output)
    {
        using var options = new RunOptions();
        using var results = session.Run(options, new Dictionary<string, OrtValue> { [name] = input }, [output]);
        return tensor(results[0].GetTensorDataAsSpan<float>().ToArray(), results[0].GetTensorTypeAndShape().Shape);
    }
}
// End of excerpt
