namespace UNetGen.Benchmarks.Networks;

/// <summary>The generated network and the one written by hand don't compute the same: their times mean nothing.</summary>
internal sealed class NetworksDifferException(string message) : Exception(message);
