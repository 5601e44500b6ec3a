using SkiaSharp;
using UNetGen.Data;
using UNetGen.Interop.Diffusers;
using UNetGen.Runtime.Tests.Interop.Diffusers;
using UNetGen.Runtime.Tests.Sampling;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>What is opened by a relative path is read from there, also where the process has another current folder by then.</summary>
[Collection(nameof(GlobalGenerator))] // A process has one current folder: nothing else may run meanwhile.
public sealed class FullPathTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TemporaryFolder elsewhere = new();
    private readonly string before = Environment.CurrentDirectory;

    public FullPathTests() => Environment.CurrentDirectory = folder.Path;

    public void Dispose()
    {
        Environment.CurrentDirectory = before;
        folder.Dispose();
        elsewhere.Dispose();
    }

    [Fact]
    public void Pictures_and_pairs_are_read_from_where_they_were_opened_and_so_are_their_sizes()
    {
        Save("sharp/a.png");
        Save("blurred/a.png");
        var pictures = ImageFolderSource.Open("sharp", 1, 4, 4);
        var pairs = PairSource.Open("sharp", "blurred", 1, 4, 4, 1);
        Environment.CurrentDirectory = elsewhere.Path;

        var (pixels, condition) = (new float[16], new float[16]);
        pictures.Read(0, pixels);
        pairs.ReadWithCondition(0, 0, pixels, condition);

        Assert.Equal("1 picture in sharp", pictures.Description);
        long[] sizes = [new FileInfo(folder.File("sharp/a.png")).Length, new FileInfo(folder.File("blurred/a.png")).Length];
        Assert.Equal(sizes[..1], SizesIn(pictures.Record));
        Assert.Equal(sizes, SizesIn(pairs.Record));
    }

    [Fact]
    public void Latents_are_read_from_where_they_were_opened()
    {
        LatentFiles.Write(folder.File("latents"), "a.safetensors", ("latents", LatentFiles.Numbers(1, 1, 1, 2, 2)));
        var source = LatentFolderSource.Open("latents", 1, 2, 2);
        Environment.CurrentDirectory = elsewhere.Path;

        var values = new float[4];
        source.Read(0, values);

        Assert.Equal([1, 1.125f, 1.25f, 1.375f], values);
        Assert.NotNull(source.Identity.Content);
    }

    [Fact]
    public void Weights_of_diffusers_are_looked_for_where_the_folder_was_opened()
    {
        DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler());
        var opened = DiffusersFolder.Open(".");
        Environment.CurrentDirectory = elsewhere.Path;

        Assert.Equal(".", opened.Path);
        Assert.Equal(folder.Path, Path.GetDirectoryName(opened.WeightsPath));
    }

    [Fact]
    public void Samples_are_drawn_into_the_folder_that_was_named()
    {
        using var network = new FunctionPredictor(new() { Timesteps = 50 }, (x, _, _) => x);
        var samples = new SampleFolder("drawn");
        Environment.CurrentDirectory = elsewhere.Path;

        samples.Draw(network, new DdimSampler(2), new SamplingOptions { Count = 2 });

        Assert.Equal([0, 1], samples.Pictures());
        Assert.True(File.Exists(folder.File("drawn/000001.png")));
        Assert.False(Path.Exists(elsewhere.File("drawn")));
    }

    private static long[] SizesIn(FileRecord record)
    {
        using var scope = NewDisposeScope();
        return record.ToTensors()["size"].data<long>().ToArray();
    }

    private void Save(string name)
    {
        using var bitmap = new SKBitmap(4, 4);
        bitmap.Erase(SKColors.Gray);
        folder.Write(name, bitmap.Encode(SKEncodedImageFormat.Png, 100).ToArray());
    }
}
