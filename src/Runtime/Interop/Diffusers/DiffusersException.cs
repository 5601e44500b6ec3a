namespace UNetGen.Interop.Diffusers;

/// <summary>
/// A network that diffusers can't express, or one of diffusers' that can't be expressed here; the message lists every reason.
/// </summary>
public sealed class DiffusersException : UNetGenException
{
    private const int MostShown = 40;

    internal DiffusersException(string message, IReadOnlyList<string> reasons, Exception? inner = null)
        : base(message + string.Concat(reasons.Take(MostShown).Select(reason => $"\n  {reason}")) + (
            reasons.Count > MostShown ? $"\n  and {reasons.Count - MostShown:N0} more" : ""), inner) => Reasons = reasons;

    /// <summary>Each setting that has no counterpart, with the reason; empty where the files themselves are at fault.</summary>
    public IReadOnlyList<string> Reasons { get; }
}
