namespace UNetGen.Native;

/// <summary>libtorch, or the device asked for, can't be used here; the message says why and what to do about it.</summary>
public sealed class LibtorchException : UNetGenException
{
    /// <summary>With a message for the program's user.</summary>
    public LibtorchException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
