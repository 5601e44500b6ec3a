
namespace UNetGen.Files;

/// <summary>Another process, or another part of this one, holds a <see cref="WriterLock"/>.</summary>
public sealed class LockedException : UNetGenException
{
    internal LockedException(string path, string holder)
        : base($"{path} is being written by {holder}, and only one at a time may write it. Wait until that one has ended, or stop it.") =>
        Holder = holder;

    /// <summary>
    /// Who, as <c>process 4242 on node7, since 2026-11-26 14:03:11 +00:00</c>; <c>another process</c> where that isn't known.
    /// </summary>
    public string Holder { get; }
}
