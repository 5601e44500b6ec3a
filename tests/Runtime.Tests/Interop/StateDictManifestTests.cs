using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop;

public sealed class StateDictManifestTests
{
    private const string Table = """

        conv.weight float32 [16, 3, 7, 7]
        block.*
        steps int64 [] fixed
        """;

    [Fact]
    public void A_table_is_read_line_by_line()
    {
        var manifest = new StateDictManifest(Table);
        Assert.Equal(["conv.weight float32 [16, 3, 7, 7]", "steps int64 [] fixed"], manifest.Select(entry => $"{entry}"));
        Assert.Equal([16, 3, 7, 7], manifest[0].Shape);
        Assert.Equal((ScalarType.Int64, 0, false), (manifest[1].DType, manifest[1].Shape.Count, manifest[1].Trainable));
        Assert.Equal(["block."], manifest.OpenPrefixes);
    }

    [Fact]
    public void Nothing_is_read_before_it_is_asked_for()
    {
        var manifest = new StateDictManifest("nonsense");
        Assert.ThrowsAny<Exception>(() => manifest.Count);
    }

    [Fact]
    public void A_network_that_does_not_say_has_an_empty_one() => Assert.Empty(StateDictManifest.Empty);
}
