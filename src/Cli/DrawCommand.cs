using UNetGen.Data;
using UNetGen.Networks;

namespace UNetGen.Cli;

/// <summary>The command that draws with weights, as it is told to who has just made them.</summary>
internal static class DrawCommand
{
    /// <param name="weights">A run's, a checkpoint's or a file's path.</param>
    /// <param name="network">The network, of which pictures may need more than noise.</param>
    /// <param name="learnt">What it has learnt to make images from, <see cref="DataIdentity.Condition"/>; null: nothing says.</param>
    public static string Of(string weights, NetworkInfo network, string? learnt) =>
        $"sample --checkpoint {ShellWord.Of(weights)}"
        + (network.ContextDim is null ? "" : " --context FILE.safetensors")
        + (network.ConditionChannels == 0 ? "" : " --condition PICTURE")
        + (InpaintingSource.Is(learnt) ? " --mask PICTURE" : "");
}
