using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What no checkpoint may hold.</summary>
public sealed class CheckpointContentTests : IDisposable
{
    private readonly TemporaryFolder root = new();
    private readonly TinyCheckpoint tiny = new(width: 1);

    public void Dispose()
    {
        tiny.Dispose();
        root.Dispose();
    }

    private string Folder => root.File("run/checkpoints");

    [Theory]
    [InlineData("weights", float.NaN)]
    [InlineData("ema", float.NegativeInfinity)]
    public void Numbers_that_are_none_are_never_saved(string stem, float value)
    {
        new CheckpointStore(Folder).Save(tiny.Content(1));
        var content = tiny.Content(2);
        using (no_grad())
            content.Tensors[stem]["conv2.weight"][0].fill_(value);

        Assert.StartsWith(
            $"'{stem}' of the checkpoint of step 2 holds numbers that are NaN or infinite: ",
            Assert.Throws<UNetGenException>(() => new CheckpointStore(Folder).Save(content)).Message);
        Assert.Equal([Path.Combine(Folder, "step-00000001")], Directory.EnumerateFileSystemEntries(Folder));
    }

    public static TheoryData<string, Func<CheckpointContent, CheckpointContent>> Incomplete => new()
    {
        { "`Network` of a checkpoint's content is null.", content => content with { Network = null! } },
        { "`Training` of a checkpoint's content is null.", content => content with { Training = null! } },
        { "`State` of a checkpoint's content is null.", content => content with { State = null! } },
        { "`Tensors` of a checkpoint's content is null.", content => content with { Tensors = null! } },
        { "`Tensors[\"ema\"]` of a checkpoint's content is null.", content => With(content, "ema", null!) },
        {
            "A checkpoint holds 'weights' at least.",
            content => content with { Tensors = new Dictionary<string, IReadOnlyDictionary<string, Tensor>>() }
        },
        {
            "'weights' and 'Weights' can't be the names of two files of a checkpoint: Windows and macOS make one of them.",
            content => With(content, "Weights", content.Tensors["weights"])
        },
        {
            "'aux.old' can't be the name of a checkpoint's file: on Windows it is a device's.",
            content => With(content, "aux.old", content.Tensors["weights"])
        },
        { "The tensor of 'x' is null.", content => With(content, "ema", new Dictionary<string, Tensor> { ["x"] = null! }) },
    };

    [Theory]
    [MemberData(nameof(Incomplete))]
    public void What_lacks_something_is_refused_by_its_name(string message, Func<CheckpointContent, CheckpointContent> without)
    {
        var error = Assert.Throws<ArgumentException>("content", () => new CheckpointStore(Folder).Save(without(tiny.Content())));

        Assert.StartsWith(message, error.Message);
        Assert.False(Directory.Exists(Folder));
    }

    private static CheckpointContent With(CheckpointContent content, string stem, IReadOnlyDictionary<string, Tensor> tensors) =>
        content with { Tensors = new Dictionary<string, IReadOnlyDictionary<string, Tensor>>(content.Tensors) { [stem] = tensors } };
}
