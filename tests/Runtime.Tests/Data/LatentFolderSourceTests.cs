using SkiaSharp;
using UNetGen.Data;
using UNetGen.Evaluation;
using static TorchSharp.torch;
using static UNetGen.Runtime.Tests.Data.LatentFiles;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>Folders of latents: what is read, and what is refused.</summary>
public sealed class LatentFolderSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Latents_and_contexts_of_several_files_are_read_exactly_in_the_order_of_names(ScalarType type)
    {
        Add("b.safetensors", ("latents", Numbers(3, 1, 2, 2, 2).to(type)), ("context", Numbers(5, 3, 2).to(type)));
        Add("a.safetensors", ("latents", Numbers(-2, 2, 2, 2, 2).to(type)), ("context", Numbers(-7, 2, 3, 2).to(type)));
        Add(LatentFolderSource.NullFileName, ("null_context", Numbers(9, 3, 2).to(type)));

        var source = Assert.IsType<LatentFolderSource>(ImageSources.Open(folder.Path, 2, 2, 2));

        Assert.Equal((3, 2, 2, 2), (source.Count, source.Channels, source.Height, source.Width));
        Assert.Equal(new ContextShape(3, 2), source.Context);
        Assert.False(source.IsBounded);
        Assert.Empty(source.Classes);
        Assert.Empty(source.Notes);
        Assert.Equal($"3 latents with contexts of 3 x 2 in {folder.Path}", source.Description);
        Assert.Equal(Values(Numbers(-2, 8)), Latent(source, 0));
        Assert.Equal(Values(Numbers(-1, 8)), Latent(source, 1));
        Assert.Equal(Values(Numbers(3, 8)), Latent(source, 2));
        Assert.Equal(Values(Numbers(-7, 6)), Context(source, 0));
        Assert.Equal(Values(Numbers(-7 + 6 / 8.0, 6)), Context(source, 1));
        Assert.Equal(Values(Numbers(5, 6)), Context(source, 2));
        Assert.Equal(Values(Numbers(9, 6)), NullContext(source));
    }

    [Fact]
    public void Without_a_file_of_it_the_null_context_is_zeros_and_labels_are_classes()
    {
        Add("a.safetensors", ("latents", zeros(2, 1, 2, 2)), ("context", ones(1, 2)), ("labels", tensor(new long[] { 2, 0 })));
        Add("b.safetensors", ("latents", zeros(1, 1, 2, 2)), ("context", ones(1, 2)), ("labels", tensor(new[] { 1 })));

        var source = LatentFolderSource.Open(folder.Path, 1, 2, 2);

        Assert.Equal([0, 0], NullContext(source));
        Assert.Equal(["0", "1", "2"], source.Classes);
        Assert.Equal([2, 0, 1], Enumerable.Range(0, 3).Select(source.Label));
    }

    [Fact]
    public void A_subset_has_the_contexts_of_its_images()
    {
        Add("a.safetensors", ("latents", Numbers(0, 2, 1, 2, 2)), ("context", Numbers(0, 2, 1, 2)));
        var whole = LatentFolderSource.Open(folder.Path, 1, 2, 2);
        var second = new SubsetSource(whole, [1]);

        Assert.Equal(Context(whole, 1), Context(second, 0));
        Assert.False(second.IsBounded);
        Assert.NotEqual(Fingerprint.Of(second), Fingerprint.Of(new SubsetSource(whole, [0])));
    }

    [Fact]
    public void What_is_not_used_is_told()
    {
        Add("a.safetensors", ("latents", zeros(1, 1, 2, 2)), ("prompt_ids", zeros(1)));
        folder.Write("a.png", ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Red));
        Write(folder.File("more"), "b.safetensors", ("latents", zeros(1, 1, 2, 2)));

        Assert.Equal(
            [
                $"{folder.Path}: not used are the tensors prompt_ids.",
                $"{folder.Path}: left out are the files in more: only those in the folder itself are read.",
                $"{folder.Path}: read are the latents alone: left out are 1 picture (a.png). To learn from those, put them into a "
                    + "folder of their own.",
            ],
            ImageSources.Open(folder.Path, 1, 2, 2).Notes);
    }

    [Fact]
    public void Tensors_that_are_called_nearly_as_those_that_are_read_are_named_with_the_right_name()
    {
        Add("a.safetensors", ("latents", zeros(1, 1, 2, 2)), ("contexts", zeros(2, 3)), ("label", zeros(1)), ("ids", zeros(1)));

        Assert.EndsWith(
            ". If 'contexts' is meant to be read, call it 'context'. If 'label' is meant to be read, call it 'labels'.",
            Assert.Single(LatentFolderSource.Open(folder.Path, 1, 2, 2).Notes));
    }

    private static readonly Dictionary<string, (string Name, Func<(string, Tensor)[]> Tensors)[]> Broken = new()
    {
        {
            "b.safetensors': its latents are 2 x 4 x 2 (channels x height x width), and the network takes 2 x 2 x 2.",
            [Plain("a"), ("b", () => [("latents", zeros(1, 2, 4, 2))])]
        },
        { "'latents' is [2, 2, 2], and must be [images, channels, height, width].", [("a", () => [("latents", zeros(2, 2, 2))])] },
        {
            "b.safetensors' has no tensor called 'latents'; it has latent. If 'latent' is meant, call it 'latents', or take the file out",
            [Plain("a"), ("b", () => [("latent", zeros(1, 2, 2, 2))])]
        },
        {
            "it has z. If 'z' is meant, call it 'latents', or take the file out of the folder.",
            [("a", () => [("z", zeros(1, 2, 2, 2))])]
        },
        {
            "it has context, ids, z. Write what it is to be under the name 'latents', or take the file out of the folder.",
            [("a", () => [("context", zeros(3, 5)), ("ids", zeros(1)), ("z", zeros(1, 2, 2, 2))])]
        },
        {
            "NULL.safetensors' holds a 'null_context', which is looked for in null.safetensors alone: call the file so, or take it out",
            [WithContext("a", 1, 3, 5), ("NULL", () => [("null_context", zeros(3, 5))])]
        },
        {
            "a.safetensors' has no 'context', and '*b.safetensors' has one*If 'contexts' is meant, call it 'context'.",
            [("a", () => [("latents", zeros(1, 2, 2, 2)), ("contexts", zeros(3, 5))]), WithContext("b", 1, 3, 5)]
        },
        {
            "a.safetensors' has no 'labels', and '*b.safetensors' has them*If 'label' is meant, call it 'labels'.",
            [("a", () => [("latents", zeros(1, 2, 2, 2)), ("label", zeros(1))]), WithLabels("b", 1)]
        },
        {
            "'latents' holds numbers of Float64, and must hold such of float32, float16 or bfloat16.",
            [("a", () => [("latents", zeros(1, 2, 2, 2, float64))])]
        },
        { "have 0 latents together", [("a", () => [("latents", zeros(0, 2, 2, 2))])] },
        {
            "a.safetensors' has no 'context', and '*b.safetensors' has one: all files have one, or none.",
            [Plain("a"), WithContext("b", 1, 3, 5)]
        },
        {
            "b.safetensors': its contexts are 3 x 4 (tokens x width), and those of '*a.safetensors' 3 x 5: all contexts are of one shape.",
            [WithContext("a", 1, 3, 5), WithContext("b", 1, 3, 4)]
        },
        { "its contexts are 2 x 5 (tokens x width)", [WithContext("a", 1, 3, 5), WithContext("b", 1, 2, 5)] },
        {
            "'context' is [2, 3, 5], and must be [1, tokens, width], one for each of the latents, or [tokens, width]",
            [WithContext("a", 2, 3, 5)]
        },
        { "'context' is [5], and must be", [("a", () => [("latents", zeros(1, 2, 2, 2)), ("context", zeros(5))])] },
        { "a.safetensors' has no 'labels', and '*b.safetensors' has them", [Plain("a"), WithLabels("b", 1)] },
        { "'labels' is [2], and must be one label for each of the latents, [1].", [WithLabels("a", 1, 2)] },
        { "image 0 has the label -1; labels are from 0", [WithLabels("a", -1)] },
        {
            "a.safetensors' has a 'null_context', which belongs into a file of its own, null.safetensors.",
            [("a", () => [("latents", zeros(1, 2, 2, 2)), ("null_context", zeros(3, 5))])]
        },
        {
            "null.safetensors' has no tensor called 'null_context'; it has context. Write what it is to be under the name 'null_context'; "
                + "or take the file out of the folder, for zeros in its place.",
            [WithContext("a", 1, 3, 5), ("null", () => [("context", zeros(3, 5))])]
        },
        {
            "'null_context' is [2, 5], and the contexts are 3 x 5",
            [WithContext("a", 1, 3, 5), ("null", () => [("null_context", zeros(2, 5))])]
        },
        {
            "null.safetensors' has a null context, and no file in the folder has a 'context'.",
            [Plain("a"), ("null", () => [("null_context", zeros(2, 5))])]
        },
    };

    public static TheoryData<string> Refusals => [.. Broken.Keys];

    /// <param name="expected">Parts of the message, with a star between them.</param>
    [Theory]
    [MemberData(nameof(Refusals))]
    public void Files_that_do_not_fit_are_refused_with_their_name(string expected)
    {
        foreach (var (name, tensors) in Broken[expected])
            Add($"{name}.safetensors", tensors());

        var message = Assert.Throws<DataException>(() => LatentFolderSource.Open(folder.Path, 2, 2, 2)).Message;

        Assert.All(expected.Split('*'), part => Assert.Contains(part, message));
    }

    [Fact]
    public void A_file_that_is_not_whole_is_refused_also_where_it_is_the_only_one()
    {
        var path = Add("a.safetensors", ("latents", zeros(4, 1, 2, 2)));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1]);

        var message = Assert.Throws<DataException>(() => ImageSources.Open(folder.Path, 1, 2, 2)).Message;

        Assert.Contains(path, message);
        Assert.Contains("ends too early", message);
        Assert.EndsWith("Write it anew, or take it out of the folder.", message);
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "Infinity")]
    [InlineData(-1e30f, "-1E+30")]
    public void Numbers_that_no_encoder_gives_are_refused_when_they_are_read(float value, string shown)
    {
        var path = Add("a.safetensors", ("latents", tensor(new[] { 0, 0, 0, 0, 0, value, 0, 0f }).reshape(2, 1, 2, 2)));
        var source = LatentFolderSource.Open(folder.Path, 1, 2, 2);

        Assert.Equal([0, 0, 0, 0], Latent(source, 0));
        var message = Assert.Throws<DataException>(() => Latent(source, 1)).Message;
        var reason = float.IsFinite(value) ? "beyond 1,000,000, where no encoder's numbers lie" : "which is no finite number";
        Assert.Contains($"'{path}': 'latents' holds {shown} among its numbers 4 to 7, {reason}: write the file anew", message);
    }

    [Fact]
    public void A_file_that_is_changed_or_taken_away_meanwhile_is_an_error()
    {
        var path = Add("a.safetensors", ("latents", zeros(1, 1, 2, 2)));
        var source = LatentFolderSource.Open(folder.Path, 1, 2, 2);
        File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        // How the run goes on, or begins anew, is the program's to say, which knows its checkpoints.
        Assert.EndsWith(
            "has changed while it was being learnt from. Put back what was there.",
            Assert.Throws<DataException>(() => Latent(source, 0)).Message);
        File.Delete(path);
        Assert.Contains("isn't there any more", Assert.Throws<DataException>(() => Latent(source, 0)).Message);
    }

    [Fact]
    public void A_copy_elsewhere_is_the_same_data_and_another_number_is_other_data()
    {
        Add("a.safetensors", ("latents", Numbers(0, 9, 1, 64, 64)), ("context", zeros(1, 2)));
        var identity = LatentFolderSource.Open(folder.Path, 1, 64, 64).Identity;
        Write(folder.File("copy"), "a.safetensors", ("latents", Numbers(0, 9, 1, 64, 64)), ("context", zeros(1, 2)));

        Assert.Empty(identity.DifferencesTo(LatentFolderSource.Open(folder.File("copy"), 1, 64, 64).Identity));
        Write(folder.File("copy"), "a.safetensors", ("latents", Numbers(1, 9, 1, 64, 64)), ("context", zeros(1, 2)));
        Assert.Equal(
            ["the file names or contents differ"],
            identity.DifferencesTo(LatentFolderSource.Open(folder.File("copy"), 1, 64, 64).Identity));
        Write(folder.File("copy"), "a.safetensors", ("latents", Numbers(0, 9, 1, 64, 64)), ("context", zeros(1, 3)));
        Assert.Contains(
            "the tokens x width of contexts was 1 x 2 and is 1 x 3",
            identity.DifferencesTo(LatentFolderSource.Open(folder.File("copy"), 1, 64, 64).Identity));
    }

    [Fact]
    public void Latents_are_neither_mirrored_nor_taken_for_pictures()
    {
        Add("a.safetensors", ("latents", zeros(2, 1, 2, 2)), ("labels", tensor(new long[] { 0, 1 })));
        var source = LatentFolderSource.Open(folder.Path, 1, 2, 2);

        var flips = Assert.Throws<DataException>(() => new BatchLoader(source, 2, horizontalFlips: true)).Message;
        Assert.Contains("a mirrored picture's latent is another than the latent mirrored", flips);
        var wanted = Assert.Throws<DataException>(() => SmallClassifier.Train(source)).Message;
        Assert.Contains("Pictures are wanted, with values in [-1, 1]", wanted);
    }

    private static (string, Func<(string, Tensor)[]>) Plain(string name) => (name, () => [("latents", zeros(1, 2, 2, 2))]);

    private static (string, Func<(string, Tensor)[]>) WithContext(string name, params long[] shape) =>
        (name, () => [("latents", zeros(1, 2, 2, 2)), ("context", zeros(shape))]);

    private static (string, Func<(string, Tensor)[]>) WithLabels(string name, params long[] labels) =>
        (name, () => [("latents", zeros(1, 2, 2, 2)), ("labels", tensor(labels))]);

    private static float[] Values(Tensor tensor) => tensor.data<float>().ToArray();

    private static float[] Latent(IImageSource source, int index)
    {
        var values = new float[source.Channels * source.Height * source.Width];
        source.Read(index, values);
        return values;
    }

    private static float[] Context(IImageSource source, int index)
    {
        var values = new float[source.Context!.Value.Count];
        source.ReadContext(index, values);
        return values;
    }

    private static float[] NullContext(IImageSource source)
    {
        var values = new float[source.Context!.Value.Count];
        Array.Fill(values, float.NaN);
        source.ReadNullContext(values);
        return values;
    }

    private string Add(string name, params (string, Tensor)[] tensors) => Write(folder.Path, name, tensors);
}
