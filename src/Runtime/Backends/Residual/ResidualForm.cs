using UNetGen.Backends.Norms;

namespace UNetGen.Backends.Residual;

/// <summary>What is fixed for a residual block.</summary>
/// <param name="NormFirst">Whether norm and SiLU stand before each convolution instead of behind it.</param>
/// <param name="AddsTime">
/// Whether the projected time embedding is added between the halves; else it is scale and shift of the norm between the convolutions.
/// </param>
/// <param name="StandardizationEps">
/// For convolutions whose weights are standardised (<see cref="WeightStandardization{V}"/>), what is added to the variance; else null.
/// </param>
/// <param name="Norm">What is fixed for both norms.</param>
internal sealed record ResidualForm(bool NormFirst, bool AddsTime, double? StandardizationEps, GroupNormLayer Norm);
