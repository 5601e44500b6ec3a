namespace UNetGen.Interop.Diffusers;

/// <summary>A network that diffusers can't express, or one of diffusers' that can't be expressed here; the message lists every reason.</summary>
public sealed class DiffusersException : UNetGenException
{
    internal DiffusersException(string message, IReadOnlyList<string> reasons, Exception? inner = null)
        : base(message + string.Concat(reasons.Select(reason => $"\n  {reason}")), inner) => Reasons = reasons;

    /// <summary>Each setting that has no counterpart, with the reason; empty where the files themselves are at fault.</summary>
    public IReadOnlyList<string> Reasons { get; }
}
