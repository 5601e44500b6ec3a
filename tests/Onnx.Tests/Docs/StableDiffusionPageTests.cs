using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using SkiaSharp;
using UNetGen.Compiler;
using UNetGen.Data;
using UNetGen.Interop;
using UNetGen.Pictures;
using UNetGen.Training;
using static Onnx.TensorProto.Types;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Tests.Docs;

/// <summary>
/// docs/stable-diffusion.md shows the code of this folder, which does what the page says of it: with a small network of random weights in
/// the place of Stable Diffusion's, and small files in the place of its text encoder and autoencoder.
/// </summary>
public sealed partial class StableDiffusionPageTests : IDisposable
{
    private const string Small =
        """
        preset: conditional
        image_size: 8
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        groups: 8
        attention: { levels: [cross, none], heads: 2 }
        context_dim: 24
        diffusion: { schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012, clip_sample: false }

        """;

    private static readonly int[] Cat = [320, 1125, 539, 320, 2368];

    private readonly string folder = Directory.CreateTempSubdirectory("unetgen-page-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_page_s_spec_is_Stable_Diffusion_s_network_to_the_last_parameter()
    {
        var spec = Assert.Single(Blocks("yaml"));

        var description = SpecCompiler.DescribeText(spec, "stable-diffusion.unet.yaml");

        Assert.Equal("StableDiffusionUNet", description.Info.Name);
        Assert.Equal(859_520_964, description.Info.ParameterCount);
        Assert.Equal(768, description.Info.ContextDim);
    }

    [Fact]
    public void The_page_quotes_every_excerpt_exactly_and_no_other_code()
    {
        var excerpts = Directory.GetFiles(Here(), "*.cs").SelectMany(file => Excerpt().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value);

        Assert.Equal(excerpts.Select(WithoutMargin).Order(StringComparer.Ordinal), Blocks("csharp").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(DataType.Int32)]
    [InlineData(DataType.Int64)]
    public void A_picture_is_drawn_by_a_text_the_same_for_the_same_seed(DataType ids)
    {
        StandIns.Write(folder, ids);
        // Of some first weights all pictures are white.
        using var unet = Comparison.Network(Small);
        using var parts = new StableDiffusionParts(folder);

        foreach (var (name, words, seed) in new[] { ("cat", Cat, 1), ("again", Cat, 1), ("dog", [320, 1929], 1), ("other", Cat, 2) })
            TextToPicture.Draw(unet, parts, words, In($"{name}.png"), seed);

        using var picture = SKBitmap.Decode(In("cat.png"));
        Assert.Equal((64, 64), (picture.Width, picture.Height));
        Assert.Equal(File.ReadAllBytes(In("cat.png")), File.ReadAllBytes(In("again.png")));
        Assert.NotEqual(File.ReadAllBytes(In("cat.png")), File.ReadAllBytes(In("dog.png")));
        Assert.NotEqual(File.ReadAllBytes(In("cat.png")), File.ReadAllBytes(In("other.png")));
    }

    [Fact]
    public void Texts_are_framed_and_filled_up_as_CLIP_s_are_and_pictures_come_back_from_their_latents()
    {
        StandIns.Write(folder, DataType.Int64);
        using var scope = NewDisposeScope();
        using var parts = new StableDiffusionParts(folder);
        using var second = new StableDiffusionParts(folder, padding: 0);

        Assert.Equal([49406, 320, 2368, 49407, 49407, 49407], Ids(parts.Context(320, 2368))[..6]);
        Assert.Equal([49406, 49407, 49407], Ids(parts.Context())[..3]);
        Assert.Equal([49406, 320, 49407, 0, 0], Ids(second.Context(320))[..5]);
        Assert.Equal(77, Ids(parts.Context([.. Enumerable.Repeat(5, 75)])).Length);

        var picture = tensor(new[] { 0.5f, -0.25f, 1 }).reshape(1, 3, 1, 1).expand(1, 3, 16, 16).contiguous();
        var latents = parts.Encode(picture);
        Assert.Equal([1L, 4, 2, 2], latents.shape);
        Assert.Equal(0.5f * 0.18215f, latents[0, 0, 0, 0].item<float>(), 1e-6);
        Assert.True(parts.Decode(latents).allclose(picture, atol: 1e-5));

        static int[] Ids(Tensor context) =>
            [.. context[0, TensorIndex.Colon, 0].contiguous().data<float>().ToArray().Select(share => (int)Math.Round(share * 49408))];
    }

    [Fact]
    public void Latents_of_pictures_tune_the_network_whose_weights_came_from_a_file_of_diffusers()
    {
        StandIns.Write(folder, DataType.Int32);
        using var compiled = SpecCompiler.CompileText(Small, "small.unet.yaml");
        using (var original = compiled.Create())
            SafetensorsFile.Write(In("diffusion_pytorch_model.safetensors"), original.state_dict());
        Directory.CreateDirectory(In("photos"));
        for (var i = 0; i < 3; i++)
        {
            using var light = full([1, 3, 64, 64], i / 3.0);
            ImageGrid.Save(light, In($"photos/{i}.png"), scale: 1, gap: 0);
        }

        using var unet = compiled.Create();
        using (var file = SafetensorsFile.Open(In("diffusion_pytorch_model.safetensors")))
            StateDict.Load(unet, file);
        using (var parts = new StableDiffusionParts(folder))
            LatentWriter.Write(parts, In("photos"), 64, i => [320, 1000 + i], In("latents"));
        var latents = LatentFolderSource.Open(In("latents"), 4, 8, 8);
        Assert.Equal((3, new ContextShape(77, 24)), (latents.Count, latents.Context));
        using var trainer = new Trainer(unet, latents, new TrainingOptions { Steps = 2, BatchSize = 2, LearningRate = 1e-5 });
        trainer.Train(store: new CheckpointStore(In("checkpoints")));

        using var empty = new StableDiffusionParts(folder);
        Assert.True(Checkpoint.Open(In("checkpoints")).NullContext()!.equal(empty.Context()).all().item<bool>());
    }

    private static IEnumerable<string> Blocks(string language) => Regex.Matches(
        File.ReadAllText(Path.Combine(Here(), "../../../docs/stable-diffusion.md")).ReplaceLineEndings("\n"),
        $"^```{language}\n((?:.*\n)*?)```", RegexOptions.Multiline).Select(match => match.Groups[1].Value);

    private static string WithoutMargin(string text)
    {
        text = text.ReplaceLineEndings("\n");
        var margin = text.Length - text.TrimStart(' ').Length;
        return string.Concat(text.Split('\n')[..^1].Select(line => (line.Length == 0 ? "" : line[margin..]) + "\n"));
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private string In(string name) => Path.Combine(folder, name);

    [GeneratedRegex(@"^ *// Excerpt: .*\n((?:.*\n)*?) *// End of excerpt", RegexOptions.Multiline)]
    private static partial Regex Excerpt();
}
