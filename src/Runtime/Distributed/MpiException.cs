namespace UNetGen.Distributed;

/// <summary>
/// MPI is not there, is not the one that the launcher belongs to, or failed; the message says why and what to do about it.
/// </summary>
public sealed class MpiException : UNetGenException
{
    /// <summary>With a message for the program's user.</summary>
    public MpiException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
