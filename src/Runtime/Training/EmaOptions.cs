namespace UNetGen.Training;

/// <summary>
/// How an average of the weights is kept. As they stand these are denoising-diffusion-pytorch's; diffusers has a <see cref="Power"/> of 3/4
/// and a <see cref="StartAfter"/> of 1, and Ho et al. 2020 a plain <see cref="Decay"/> of 0.9999: no power, an update at every step, from
/// the first on.
/// </summary>
public sealed record EmaOptions
{
    /// <summary>How much of the averaged weights an update keeps, once warmed up.</summary>
    public double Decay { get; init; } = 0.995;

    /// <summary>
    /// The decay warms up: after n averaged steps it is at most 1 - (1 + n)^-power, so that the random weights of the start are soon
    /// forgotten. Null: no warm-up.
    /// </summary>
    public double? Power { get; init; } = 2.0 / 3;

    /// <summary>Steps from one update of the averaged weights to the next, once they are no copy any more.</summary>
    public int UpdateEvery { get; init; } = 10;

    /// <summary>Up to this step the averaged weights are a copy of the trained ones; 0: they start as the untrained ones.</summary>
    public int StartAfter { get; init; } = 100;

    /// <summary>
    /// The decay of the update after a step: 0 (a copy) up to the start, then min(decay, 1 - (1 + n)^-power) for the n-th step from there.
    /// </summary>
    internal double DecayAt(int step)
    {
        if (step <= StartAfter)
            return 0;
        return Power is { } power ? Math.Min(Decay, 1 - Math.Pow(1.0 + step - StartAfter, -power)) : Decay;
    }

    /// <summary>Refuses what can't be averaged with.</summary>
    /// <exception cref="UNetGenException">A value makes no sense; the message names the property, and what it may be.</exception>
    internal void Validate()
    {
        TrainingOptions.Check(Float32.IsPart(Decay), $"`Ema.Decay` must lie in [0, 1), as float32 tells it from 1, but is {Decay}");
        TrainingOptions.Check(
            Power is null || Float32.IsPositive(Power.Value), $"`Ema.Power` must be {Float32.Range}, or null, but is {Power}");
        TrainingOptions.Check(UpdateEvery > 0, $"`Ema.UpdateEvery` must be at least 1, but is {UpdateEvery}");
        TrainingOptions.Check(StartAfter >= 0, $"`Ema.StartAfter` can't be negative, but is {StartAfter}");
    }

    /// <summary>Whether the averaged weights are updated after a step.</summary>
    internal bool UpdatesAt(int step) => step <= StartAfter || step % UpdateEvery == 0;

    /// <summary>
    /// How much of the averaged weights is still the first, untrained ones after so many steps, if none of them is skipped: from 1, where
    /// there was no update, to 0.
    /// </summary>
    internal double FirstShareAfter(int steps) => StartAfter > 0 && steps > 0 ? 0 : StartShareAfter(steps);

    /// <summary>
    /// How much of the averaged weights is still those that they were when they ceased to be a copy, if no step is skipped: from 1, where
    /// there was no update since, to 0.
    /// </summary>
    internal double StartShareAfter(int steps)
    {
        var share = 1.0;
        var first = ((long)StartAfter / UpdateEvery + 1) * UpdateEvery;
        for (var step = first; step <= steps && share > double.Epsilon; step += UpdateEvery)
            share *= DecayAt((int)step);
        return share;
    }
}
