namespace UNetGen.Cli;

/// <summary>A command that was interrupted, and has left something.</summary>
/// <param name="left">What it has left, and how to go on.</param>
/// <param name="stopped">Where it was interrupted.</param>
internal sealed class InterruptedException(string left, OperationCanceledException stopped) : OperationCanceledException(left, stopped);
