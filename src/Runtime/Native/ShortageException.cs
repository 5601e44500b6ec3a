namespace UNetGen.Native;

/// <summary>
/// The system gives no more memory, open files or threads. Nothing is wrong with what was asked for, but that it is more than there is.
/// </summary>
public sealed class ShortageException : UNetGenException
{
    /// <summary>Says what is missing, and what to ask less of.</summary>
    public ShortageException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
