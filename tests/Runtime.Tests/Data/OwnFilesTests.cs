using SkiaSharp;
using UNetGen.Data;
using UNetGen.Evaluation;
using UNetGen.Interop;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>What UNetGen itself has written into a folder of data is no data, and doesn't make the folder another one.</summary>
public sealed class OwnFilesTests : IDisposable
{
    private const string Why =
        "Such files, drawn latents as well as weights, say so themselves, in their metadata, wherever they are copied to, and are no data.";

    private static readonly Dictionary<string, Action<string>> Written = new()
    {
        ["drawn latents"] = path => SafetensorsFile.Write(
            path, [new("latents", zeros(3, 1, 4, 4))], new Dictionary<string, string> { [LatentFile.DrawnKey] = "{}" }),
        ["weights"] = path =>
        {
            using var network = new TwoConvNet();
            StateDict.Save(path, network);
        },
        ["a classifier"] = path =>
        {
            using var classifier = SmallClassifier.Train(new Stripes(classes: 2), epochs: 1);
            classifier.Save(path);
        },
        ["statistics"] = path =>
        {
            using var statistics = new FeatureStatistics(2);
            statistics.Save(path);
        },
    };

    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();

    public static TheoryData<string> Kinds => [.. Written.Keys];

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Among_latents_it_is_left_out_and_told(string kind)
    {
        // Also under the name that a null context has.
        foreach (var name in (string[])["own.safetensors", LatentFolderSource.NullFileName])
            Written[kind](folder.File(name));
        var alone = Assert.Throws<DataException>(() => ImageSources.Open(folder.Path, 1, 4, 4));
        Assert.Equal(
            $"'{folder.Path}' holds no .safetensors files with latents but what UNetGen has written: null.safetensors, "
                + $"own.safetensors. {Why} Give a folder of latents that an autoencoder has made of pictures.",
            alone.Message);

        LatentFiles.Write(folder.Path, "a.safetensors", ("latents", zeros(2, 1, 4, 4)));
        var source = Assert.IsType<LatentFolderSource>(ImageSources.Open(folder.Path, 1, 4, 4));
        Assert.Equal(2, source.Count);
        Assert.Equal(
            $"{folder.Path}: left out is what UNetGen has written: null.safetensors, own.safetensors. {Why}", Assert.Single(source.Notes));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Among_pictures_it_is_left_out_and_told(string kind)
    {
        Written[kind](folder.File("own.safetensors"));
        folder.Write("a.png", ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Red));

        var source = Assert.IsType<ImageFolderSource>(ImageSources.Open(folder.Path, 1, 4, 4));

        Assert.Contains("left out are files of kinds that aren't read: 1 .safetensors.", Assert.Single(source.Notes));
    }
}
