using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Every network that was generated into these tests, so that what must hold for all of them is asked of all of them.</summary>
internal static class AllNetworks
{
    public static readonly IReadOnlyList<Type> Types =
    [
        .. typeof(AllNetworks).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(NoisePredictor)) && type.GetField("SpecHash") is not null)
            .OrderBy(type => type.Name, StringComparer.Ordinal),
    ];

    /// <summary>Those that a test can run without being felt.</summary>
    public static readonly IReadOnlyList<Type> Small = [.. Types.Where(type => Info(type).ForwardFlops < 1e9)];

    public static NoisePredictor Create(string name) => Create(Types.Single(type => type.Name == name));

    public static NoisePredictor Create(Type type) =>
        (NoisePredictor)type.GetConstructor([typeof(Device), typeof(ScalarType?)])!.Invoke([null, null]);

    /// <summary>
    /// What a network attends to, three tokens for each image; null where it attends to nothing. Its memory is libtorch's, that of an array
    /// lies anywhere, and by where it begins libtorch's products round.
    /// </summary>
    public static Tensor? Context(NoisePredictor network, long batch = 2) =>
        network.Info.ContextDim is { } width ? Fill.Input("context", batch, 3, width).clone() : null;

    public static NetworkInfo Info(Type type) => (NetworkInfo)type.GetProperty("Description")!.GetValue(null)!;
}
