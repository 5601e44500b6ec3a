
namespace UNetGen.Files;

/// <summary>Another process, or another part of this one, holds a <see cref="WriterLock"/>.</summary>
public sealed class LockedException : UNetGenException
{
    internal LockedException(string path, string holder)
        : base($"{path} is being written by {holder}, and only one at a time may write it. Wait until that one has ended, or stop it.") =>
        Holder = holder;

    /// <param name="path">What this process writes already.</param>
    internal LockedException(string path)
        : base($"{path} is being written by this process already, and only one call at a time may write it. Wait until that one has ended.") =>
        Holder = "this process";

    /// <summary>
    /// Who, as <c>process 4242 on node7, since 2026-11-26 14:03:11 +00:00</c>; <c>this process</c>, by another call; <c>another process</c>
    /// where no more is known.
    /// </summary>
    public string Holder { get; }
}
