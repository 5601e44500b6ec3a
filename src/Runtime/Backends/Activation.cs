namespace UNetGen.Backends;

/// <summary>The nonlinearity of residual blocks.</summary>
public enum Activation
{
    /// <summary>x * sigmoid(x).</summary>
    Silu,

    /// <summary>x * Phi(x), exact.</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x * tanh(softplus(x)).</summary>
    Mish,
}
