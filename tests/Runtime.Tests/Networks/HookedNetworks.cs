using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests;

/// <summary>A user's part of a generated class: every hook does what the test at hand says.</summary>
public sealed partial class HookedUNet
{
    [ThreadStatic]
    private static Action<HookedUNet>? constructed;

    public Func<Tensor, Tensor> Images { get; set; } = x => x;

    public Func<Tensor, Tensor> Timesteps { get; set; } = t => t;

    public Func<Tensor, Tensor> Output { get; set; } = y => y;

    /// <summary>Not registered, unless the hook does it.</summary>
    public Linear Head { get; } = nn.Linear(2, 3);

    public static HookedUNet Make(Action<HookedUNet> whenConstructed, ScalarType? dtype = null)
    {
        constructed = whenConstructed;
        try
        {
            return new HookedUNet(dtype: dtype);
        }
        finally
        {
            constructed = null;
        }
    }

    partial void OnConstructed() => constructed?.Invoke(this);

    partial void OnForwarding(ref Tensor x, ref Tensor timesteps)
    {
        x = Images(x);
        timesteps = Timesteps(timesteps);
    }

    partial void OnForwarded(ref Tensor output) => output = Output(output);
}

/// <summary>The hooks of a network with labels and self-condition.</summary>
public sealed partial class HookedConditionsUNet
{
    public List<string> Calls { get; } = [];

    partial void OnForwarding(ref Tensor x, ref Tensor timesteps, ref Tensor? labels, ref Tensor? selfCondition)
    {
        Calls.Add($"before: {(labels is null ? "no labels" : "labels")}, {(selfCondition is null ? "no condition" : "condition")}");
        labels ??= zeros_like(timesteps);
    }

    partial void OnForwarded(ref Tensor output) => Calls.Add("after");
}
