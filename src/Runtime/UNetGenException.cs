namespace UNetGen;

/// <summary>
/// What the user can mend: a file, a folder, a device, an option. The message is for them and stands alone; a program shows it without a
/// stack.
/// </summary>
public class UNetGenException : Exception
{
    /// <summary>Says what is wrong, where, and how to mend it.</summary>
    public UNetGenException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
