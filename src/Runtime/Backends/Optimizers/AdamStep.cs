namespace UNetGen.Backends.Optimizers;

/// <summary>What a step of Adam or AdamW multiplies with, for one tensor.</summary>
internal readonly struct AdamStep
{
    /// <param name="rate">Of learning.</param>
    /// <param name="beta1">Decay of the gradients' mean.</param>
    /// <param name="beta2">Decay of their squares' mean.</param>
    /// <param name="epsilon">Added to the root of that mean.</param>
    /// <param name="weightDecay">Of either kind.</param>
    /// <param name="decoupled">Whether the decay is AdamW's.</param>
    /// <param name="number">Of the step, from 1.</param>
    public AdamStep(double rate, double beta1, double beta2, double epsilon, double weightDecay, bool decoupled, float number)
    {
        (NewMean, KeptSquare, NewSquare, Epsilon) = ((float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)epsilon);
        Rate = (float)(rate / (1 - Math.Pow(beta1, number)));
        SquareCorrection = (float)(1 / Math.Sqrt(1 - Math.Pow(beta2, number)));
        DecayInGradient = decoupled ? 0 : (float)weightDecay;
        KeptWeight = decoupled ? (float)(1 - rate * weightDecay) : 1;
    }

    /// <summary>1 - beta1.</summary>
    public float NewMean { get; }

    /// <summary>beta2.</summary>
    public float KeptSquare { get; }

    /// <summary>1 - beta2.</summary>
    public float NewSquare { get; }

    /// <summary>Added to the root.</summary>
    public float Epsilon { get; }

    /// <summary>The learning rate over 1 - beta1^number, which makes up for a mean that began at 0.</summary>
    public float Rate { get; }

    /// <summary>1 over the root of 1 - beta2^number, for the same reason.</summary>
    public float SquareCorrection { get; }

    /// <summary>How much of the weight is added to the gradient.</summary>
    public float DecayInGradient { get; }

    /// <summary>How much of the weight stays.</summary>
    public float KeptWeight { get; }
}
