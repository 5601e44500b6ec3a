namespace UNetGen.Training;

/// <summary>
/// How an average of the weights is kept. As they stand these are denoising-diffusion-pytorch's; diffusers has a <see cref="Power"/> of 3/4, and
/// Ho et al. 2020 a plain <see cref="Decay"/> of 0.9999: no power, an update at every step, from the first on.
/// </summary>
public sealed record EmaOptions
{
    /// <summary>How much of the averaged weights an update keeps, once warmed up.</summary>
    public double Decay { get; init; } = 0.995;

    /// <summary>The decay warms up: after n averaged steps it is at most 1 - (1 + n)^-power, so that the random weights of the start are soon forgotten. Null: no warm-up.</summary>
    public double? Power { get; init; } = 2.0 / 3;

    /// <summary>Steps from one update of the averaged weights to the next.</summary>
    public int UpdateEvery { get; init; } = 10;

    /// <summary>Up to this step the averaged weights are a copy of the trained ones; 0: they start as the untrained ones.</summary>
    public int StartAfter { get; init; } = 100;
}
