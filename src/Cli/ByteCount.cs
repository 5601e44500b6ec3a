namespace UNetGen.Cli;

/// <summary>How many bytes, for people.</summary>
internal static class ByteCount
{
    /// <summary>In kB, MB or GB, powers of 1000.</summary>
    public static string Of(long bytes) =>
        bytes < 1e6 ? $"{bytes / 1e3:0} kB" : bytes < 1e9 ? $"{bytes / 1e6:0.#} MB" : $"{bytes / 1e9:0.00} GB";
}
