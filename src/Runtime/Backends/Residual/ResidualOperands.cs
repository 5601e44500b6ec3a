namespace UNetGen.Backends.Residual;

/// <summary>
/// One thing for each operand of a residual block: the tensor (null without), whether its gradient is asked for, or that gradient.
/// </summary>
/// <param name="X">Images, [batch, channels, height, width].</param>
/// <param name="Time">The time embedding before its SiLU, [batch, features].</param>
/// <param name="Projection">Of the time embedding, to what <see cref="ResidualForm.AddsTime"/> says.</param>
/// <param name="First">First convolution and norm.</param>
/// <param name="Second">Second convolution and norm.</param>
/// <param name="Shortcut">1 x 1 convolution of <paramref name="X"/>, where the width changes.</param>
internal sealed record ResidualOperands<T>(
    T X, T Time, LayerOperands<T> Projection, HalfOperands<T> First, HalfOperands<T> Second, LayerOperands<T> Shortcut)
{
    /// <summary>How many there are.</summary>
    public const int Count = 14;

    /// <summary>In the order in which autograd gets them.</summary>
    public T[] InOrder => [X, Time, .. Projection.InOrder, .. First.InOrder, .. Second.InOrder, .. Shortcut.InOrder];

    /// <summary>From <see cref="InOrder"/>.</summary>
    public static ResidualOperands<T> From(ReadOnlySpan<T> inOrder) => new(
        inOrder[0], inOrder[1], LayerOperands<T>.From(inOrder[2..]), HalfOperands<T>.From(inOrder[4..]), HalfOperands<T>.From(inOrder[8..]),
        LayerOperands<T>.From(inOrder[12..]));
}

/// <summary>Of a linear layer or a 1 x 1 convolution.</summary>
/// <param name="Weight">[out, in] or [out, in, 1, 1].</param>
/// <param name="Bias">[out].</param>
internal readonly record struct LayerOperands<T>(T Weight, T Bias)
{
    /// <summary>In the order in which autograd gets them.</summary>
    public T[] InOrder => [Weight, Bias];

    /// <summary>From <see cref="InOrder"/>.</summary>
    public static LayerOperands<T> From(ReadOnlySpan<T> inOrder) => new(inOrder[0], inOrder[1]);
}

/// <summary>Of a 3 x 3 convolution and a norm.</summary>
/// <param name="Weight">[out channels, channels, 3, 3].</param>
/// <param name="Bias">[out channels].</param>
/// <param name="NormWeight">[channels of the norm].</param>
/// <param name="NormBias">[channels of the norm].</param>
internal readonly record struct HalfOperands<T>(T Weight, T Bias, T NormWeight, T NormBias)
{
    /// <summary>In the order in which autograd gets them.</summary>
    public T[] InOrder => [Weight, Bias, NormWeight, NormBias];

    /// <summary>From <see cref="InOrder"/>.</summary>
    public static HalfOperands<T> From(ReadOnlySpan<T> inOrder) => new(inOrder[0], inOrder[1], inOrder[2], inOrder[3]);
}
