using System.Globalization;
using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>
/// Which numbers an encoder gives, as latents and contexts are made of: finite ones of any sensible size. Few are above 1,000; from the
/// products of far larger ones float32 overflows, and a training is lost.
/// </summary>
internal static class EncodedRange
{
    public const float Most = 1e6f;

    private const string InWords = "1,000,000";

    /// <summary>Why a number is none of them, a clause to follow it; null: it is one.</summary>
    public static string? Fault(float value) => !float.IsFinite(value) ? "which is no finite number"
        : Math.Abs(value) > Most ? $"beyond {InWords}, where no encoder's numbers lie"
        : null;

    /// <summary>
    /// A number of a tensor that is none of them, and why, as <c>NaN, which is no finite number</c>; null: all are. Waits for its device.
    /// </summary>
    /// <param name="values">Of real numbers, at least one.</param>
    public static string? FaultIn(Tensor values)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var numbers = values.to(ScalarType.Float32);
        // What isn't a number is greater than all for it.
        var worst = numbers.abs().max().item<float>();
        return Fault(worst) is { } fault ? $"{worst.ToString(CultureInfo.InvariantCulture)}, {fault}" : null;
    }
}
