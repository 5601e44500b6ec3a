using static TorchSharp.torch;

namespace UNetGen.Backends.Norms;

/// <summary>What is fixed for a GroupNorm.</summary>
/// <param name="Groups">Of channels.</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Silu">Whether SiLU follows.</param>
internal sealed record GroupNormLayer(int Groups, float Eps, bool Silu);

/// <summary>What an image is scaled and shifted with after a GroupNorm.</summary>
/// <param name="Weight">[channels].</param>
/// <param name="Bias">[channels].</param>
/// <param name="Time">[batch, 2 channels], each image's scale, then its shift; or null.</param>
internal readonly record struct GroupNormParameters(Tensor Weight, Tensor Bias, Tensor? Time);

/// <summary>The gradients by <see cref="GroupNormParameters"/>, of the same shapes.</summary>
internal readonly record struct GroupNormGradients(Tensor Weight, Tensor Bias, Tensor? Time);
