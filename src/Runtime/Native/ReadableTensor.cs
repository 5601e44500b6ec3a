using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Native;

/// <summary>
/// Whether a tensor that a caller gives has numbers: libtorch's own errors name neither the argument nor what would mend it.
/// </summary>
internal static class ReadableTensor
{
    /// <summary>Why a tensor's numbers can't be copied, to follow its name; null: they can.</summary>
    public static string? FaultOf(Tensor? tensor) => tensor switch
    {
        null => "is null",
        { IsInvalid: true } => "is disposed: give one that lives until the call has returned",
        { device_type: DeviceType.META } => "is on the device meta, so that it has a shape and no numbers",
        { is_sparse: true } => "is sparse: give its `to_dense()`",
        _ => null,
    };

    /// <exception cref="ArgumentNullException">It is null.</exception>
    /// <exception cref="ArgumentException">Its numbers can't be copied.</exception>
    public static void Require([NotNull] Tensor? tensor, [CallerArgumentExpression(nameof(tensor))] string parameter = "")
    {
        ArgumentNullException.ThrowIfNull(tensor, parameter);
        if (FaultOf(tensor) is { } fault)
            throw new ArgumentException($"The tensor `{parameter}` {fault}.", parameter);
    }
}
