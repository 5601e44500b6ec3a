
using UNetGen.Networks;
using UNetGen.Tests;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>The state_dict that a class was generated with is the one that its blocks have.</summary>
public sealed class ManifestTests
{
    public static TheoryData<string> Names => [.. AllNetworks.Types.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Keys_order_types_shapes_and_what_is_trained_are_the_live_module_s(string name)
    {
        using var network = AllNetworks.Create(name);
        var trained = network.named_parameters().Where(pair => pair.parameter.requires_grad).Select(pair => pair.name).ToHashSet();
        var open = network.Info.StateDict.OpenPrefixes;
        Assert.Equal(
            network.state_dict().Where(pair => !open.Any(prefix => pair.Key.StartsWith(prefix, StringComparison.Ordinal))).Select(
                pair => $"{new StateDictEntry(pair.Key, pair.Value.dtype, pair.Value.shape, trained.Contains(pair.Key))}"),
            network.Info.StateDict.Select(entry => $"{entry}"));
        // What is inside a user's own block only its own code knows.
        Assert.Equal(network.named_modules().Where(pair => pair.module is PlainBlock).Select(pair => pair.name + "."), open);
    }
}
