namespace UNetGen.Cli;

/// <summary>
/// Options that don't go together. It is thrown before a command begins to work, by the values that hold: those by default among them,
/// which System.CommandLine's validators don't see.
/// </summary>
internal sealed class UsageException(string message) : UNetGenException(message);
