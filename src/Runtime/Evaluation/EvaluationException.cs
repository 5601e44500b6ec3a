namespace UNetGen.Evaluation;

/// <summary>Images or features that can't be compared; the message says why.</summary>
public sealed class EvaluationException : UNetGenException
{
    /// <summary>Says what is wrong.</summary>
    public EvaluationException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
