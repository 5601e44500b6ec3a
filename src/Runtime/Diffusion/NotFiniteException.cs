namespace UNetGen.Diffusion;

/// <summary>Images were to be drawn and came out as no finite numbers, as with weights whose training has diverged.</summary>
/// <param name="message">How many, and what to do.</param>
public sealed class NotFiniteException(string message) : UNetGenException(message);
