namespace UNetGen.Data;

/// <summary>
/// Training data that cannot be used. The message is for the user: it names the file or folder, what is wrong and what was expected.
/// </summary>
public sealed class DataException : UNetGenException
{
    /// <summary>Says what is wrong.</summary>
    public DataException(string message, Exception? innerException = null) : base(message, innerException)
    {
    }
}
