using System.Globalization;

namespace UNetGen.Training;

/// <summary>
/// Dynamic loss scaling (Micikevicius et al. 2018, "Mixed Precision Training", section 3.2; torch.amp.GradScaler, with its numbers).
/// Float16 takes what is below 6e-8 for 0, as many gradients are: so the loss is multiplied before the backward pass, and the gradients are
/// divided after it. A gradient that is no finite number was scaled beyond 65504: its step is left out and the scale halved; after 2,000
/// steps in a row without one it is doubled.
/// </summary>
/// <remarks>
/// It differs from GradScaler in two things. It never falls below 1, where a gradient that is no finite number is no matter of scaling any
/// more, but a fault for <see cref="StepGuard"/>. And where the loss itself is no finite number, which the scale has no part in, it stays
/// as it is. It follows from the steps' losses and gradient norms alone, which all ranks share.
/// </remarks>
internal sealed class LossScale
{
    /// <summary>What it may be: below, nothing is scaled; above, float32 overflows.</summary>
    public const double Least = 1, Most = 1.7014118346046923e38;

    /// <summary>So many steps in a row without an overflow double it.</summary>
    public const int GrowthInterval = 2000;

    private const double First = 65536, Growth = 2, Backoff = 0.5;

    /// <summary>What the loss is multiplied by: a power of 2, so that dividing by it rounds nothing.</summary>
    public double Value { get; private set; } = First;

    /// <summary>Steps since it changed last.</summary>
    public int Steps { get; private set; }

    /// <summary>Steps of this training that were left out, those before a checkpoint that it goes on from not among them.</summary>
    public int Overflows { get; private set; }

    /// <summary>Takes note of a step.</summary>
    /// <param name="loss">Of the step.</param>
    /// <param name="gradientNorm">Over all parameters.</param>
    /// <returns>Why the step is left out, as half a sentence; null where it isn't for the scale.</returns>
    public string? Judge(double loss, double gradientNorm)
    {
        if (!double.IsFinite(loss))
            return null;
        if (!double.IsFinite(gradientNorm))
        {
            if (Value == Least)
                return null;
            var before = Value;
            (Value, Steps) = (Math.Max(Least, Value * Backoff), 0);
            Overflows++;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"float16 can't hold the gradient at a loss scale of {before:N0}, the next steps take {Value:N0}; this is no fault");
        }
        if (++Steps == GrowthInterval)
            (Value, Steps) = (Math.Min(Most, Value * Growth), 0);
        return null;
    }

    /// <summary>Goes on from there; of a training that has none yet, from the beginning.</summary>
    public void Restore(TrainingState state) => (Value, Steps) = (state.LossScale ?? First, state.LossScaleSteps ?? 0);
}
