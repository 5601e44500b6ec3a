using System.Runtime.InteropServices;

namespace UNetGen.Networks;

/// <summary>Networks made within <c>torch.inference_mode()</c>, whose weights libtorch lets nobody change outside of it.</summary>
internal static class InferenceWeights
{
    /// <summary>Changes weights; the first of such a network is refused, so that nothing has changed.</summary>
    /// <exception cref="InvalidOperationException">They were made in inference mode, and this is outside of it.</exception>
    public static void Explained(Action change)
    {
        try
        {
            change();
        }
        // There is no asking a tensor whether it was made so.
        catch (ExternalException error) when (error.Message.Contains("inference tensor", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                "The network was made within torch.inference_mode(), outside of which its weights can't be changed: make it outside, or do "
                    + "this within.",
                error);
        }
    }
}
