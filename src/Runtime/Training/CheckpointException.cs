namespace UNetGen.Training;

/// <summary>A checkpoint that can't be written, read, or put into this network; the message says why.</summary>
public class CheckpointException : UNetGenException
{
    /// <summary>Says what is wrong with which file.</summary>
    public CheckpointException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

/// <summary>A checkpoint whose files aren't those that were written: cut short, changed or missing. The message names each.</summary>
public sealed class DamagedCheckpointException : CheckpointException
{
    internal DamagedCheckpointException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
