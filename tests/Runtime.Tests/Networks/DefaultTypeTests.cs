using UNetGen.Data;
using UNetGen.Evaluation;
using UNetGen.Interop;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>What is float32 stays so where the program has another default, of which a process has one.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class DefaultTypeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public DefaultTypeTests() => set_default_dtype(ScalarType.Float64);

    public void Dispose()
    {
        set_default_dtype(ScalarType.Float32);
        folder.Dispose();
    }

    [Fact]
    public void A_network_is_float32_and_what_was_saved_of_it_fits()
    {
        using var network = new AnnotatedTinyRgbUNet();
        Assert.All(network.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        StateDict.Save(folder.File("network.safetensors"), network);
        using var other = new AnnotatedTinyRgbUNet();
        Checkpoint.Open(folder.File("network.safetensors")).LoadInto(other);

        using var drawn = new DdimSampler(2).Sample(other, new() { Count = 1 });

        Assert.Equal(ScalarType.Float32, drawn.dtype);
        using var wide = new AnnotatedTinyRgbUNet(dtype: ScalarType.Float64);
        Assert.All(wide.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
    }

    [Fact]
    public void A_small_classifier_learns_and_comes_back_from_its_file()
    {
        var source = new ShapesSource(1, 8, 8, count: 16);
        using var classifier = SmallClassifier.Train(source, epochs: 1, batchSize: 8);
        classifier.Save(folder.File("classifier.safetensors"));

        using var loaded = SmallClassifier.Load(folder.File("classifier.safetensors"));

        Assert.Equal(classifier.Hash, loaded.Hash);
    }
}
