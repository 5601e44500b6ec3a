using UNetGen.Data;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>What a checkpoint knows of latents: each image's numbers by themselves, since a file has those of many.</summary>
public sealed class LatentRecordTests : IDisposable
{
    private const int Count = 6;

    private static readonly DateTime Then = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("latents")]
    [InlineData("context")]
    [InlineData("null_context")]
    public void What_was_read_and_is_another_under_its_old_time_is_refused_when_it_is_read(string what)
    {
        using var scope = NewDisposeScope();
        Write(Then);
        var before = Read(3);
        Write(Then, otherAt: 3, what);
        var now = Open();
        Assert.Null(now.Record.GoOnFrom(before));

        // The others are as they were.
        now.Read(2, new float[16]);
        now.ReadContext(2, new float[6]);
        Assert.Contains("has changed since this training has read it first.", Assert.Throws<DataException>(() => Read(now, 3)).Message);
    }

    [Fact]
    public void What_was_read_and_is_another_under_another_time_is_refused_before_the_first_step()
    {
        using var scope = NewDisposeScope();
        Write(Then);
        var before = Read(3);
        Write(Then.AddDays(1), otherAt: 3, "context");
        Assert.Contains(
            "b.safetensors' has changed", Assert.Throws<DataException>(() => Open().Record.GoOnFrom(before)).Message);
    }

    [Fact]
    public void A_copy_is_known_to_be_the_same_where_all_of_it_was_read_and_else_it_is_said()
    {
        using var scope = NewDisposeScope();
        Write(Then);
        var (some, all) = (Read(3), Read([.. Enumerable.Range(0, Count)]));
        Write(Then.AddDays(1));

        Assert.StartsWith(
            $"2 files in '{folder.File("data")}' have another time than before, the same size, and weren't read to the end before",
            Open().Record.GoOnFrom(some));
        Assert.Null(Open().Record.GoOnFrom(all));
    }

    [Fact]
    public void Files_that_are_others_under_their_names_are_named_also_where_nothing_of_them_was_read()
    {
        using var scope = NewDisposeScope();
        Write(Then);
        var before = Read(0);
        Write(Then.AddDays(1));
        Assert.Empty(Open().Record.OtherFiles(before));

        Write(Then, otherAt: 3, "context");
        Assert.Equal(["changed is b.safetensors"], Open().Record.OtherFiles(before));
        Write(Then, otherAt: 3, "null_context");
        File.Move(folder.File("data/b.safetensors"), folder.File("data/c.safetensors"));
        Assert.Equal(
            ["added is c.safetensors", "missing is b.safetensors", "changed is null.safetensors"], Open().Record.OtherFiles(before));
        // As an earlier version kept it.
        before.Remove("contents");
        Assert.Equal(["added is c.safetensors", "missing is b.safetensors"], Open().Record.OtherFiles(before));
    }

    [Fact]
    public void One_context_of_all_images_is_one_piece()
    {
        using var scope = NewDisposeScope();
        LatentFiles.Write(
            folder.File("one"), "a.safetensors", ("latents", LatentFiles.Numbers(0, 2, 1, 4, 4)), ("context", LatentFiles.Numbers(9, 2, 3)));
        var source = LatentFolderSource.Open(folder.File("one"), 1, 4, 4);
        source.Read(0, new float[16]);
        source.ReadContext(0, new float[6]);
        source.ReadContext(1, new float[6]);
        var sums = source.Record.Sums().data<long>().ToArray();
        Assert.Equal(3, sums.Length);
        Assert.Equal([1], Enumerable.Range(0, 3).Where(piece => sums[piece] == 0));
    }

    [Fact]
    public void Other_labels_are_other_data_wherever_they_lie_in_a_large_file()
    {
        using var scope = NewDisposeScope();
        var (one, same, other) = (Open("one", 0), Open("same", 0), Open("other", 1));
        Assert.Equal(one.Identity.Content, same.Identity.Content);
        Assert.NotEqual(one.Identity.Content, other.Identity.Content);
        Assert.Empty(same.Record.OtherFiles(one.Record.ToTensors()));
        Assert.Equal(["changed is a.safetensors"], other.Record.OtherFiles(one.Record.ToTensors()));

        LatentFolderSource Open(string name, int label)
        {
            // Of a large file its beginning, middle and end are summed: the labels lie between.
            LatentFiles.Write(
                folder.File(name), "a.safetensors", ("latents", LatentFiles.Numbers(0, 2, 1, 100, 128)), ("labels", tensor([2L, label])),
                ("context", LatentFiles.Numbers(9, 2, 300, 128)));
            return LatentFolderSource.Open(folder.File(name), 1, 100, 128);
        }
    }

    /// <summary>Three latents in each of two files, and a null context.</summary>
    /// <param name="time">Of the files.</param>
    /// <param name="otherAt">The image that is another.</param>
    /// <param name="what">The tensor in which it is.</param>
    private void Write(DateTime time, int? otherAt = null, string what = "")
    {
        foreach (var (file, first) in new[] { ("a", 0), ("b", 3) })
        {
            var (latents, context) = (LatentFiles.Numbers(first, 3, 1, 4, 4), LatentFiles.Numbers(9 + first, 3, 2, 3));
            if (otherAt is { } image && image >= first && image < first + 3 && what != "null_context")
                (what == "latents" ? latents : context)[image - first].mul_(2);
            SetTime(LatentFiles.Write(folder.File("data"), $"{file}.safetensors", ("latents", latents), ("context", context)));
        }
        SetTime(LatentFiles.Write(
            folder.File("data"), "null.safetensors", ("null_context", LatentFiles.Numbers(what == "null_context" ? 1 : 0, 2, 3))));

        void SetTime(string path) => File.SetLastWriteTimeUtc(path, time);
    }

    private LatentFolderSource Open() => LatentFolderSource.Open(folder.File("data"), 1, 4, 4);

    /// <summary>What is known of the files after some images were read.</summary>
    private OrderedDictionary<string, Tensor> Read(params int[] images)
    {
        var source = Open();
        Read(source, images);
        return source.Record.ToTensors();
    }

    private static void Read(LatentFolderSource source, params int[] images)
    {
        foreach (var image in images)
        {
            source.Read(image, new float[16]);
            source.ReadContext(image, new float[6]);
        }
        source.ReadNullContext(new float[6]);
    }
}
