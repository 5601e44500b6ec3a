using System.Globalization;

namespace UNetGen.Native;

/// <summary>What the system allows this process, as <c>ulimit</c> sets it. Known on Linux alone; elsewhere nothing is limited.</summary>
internal static class ProcessLimits
{
    private const string File = "/proc/self/limits";

    /// <summary>Files open at a time, sockets and pipes among them (<c>ulimit -n</c>); null: no limit.</summary>
    public static long? OpenFiles => Of("Max open files");

    /// <summary>Threads of this process's user (<c>ulimit -u</c>); null: no limit.</summary>
    public static long? Threads => Of("Max processes");

    /// <summary>Bytes of memory that isn't a file's (<c>ulimit -d</c>); null: no limit.</summary>
    public static long? Data => Of("Max data size");

    /// <summary>Bytes of addresses (<c>ulimit -v</c>); null: no limit.</summary>
    public static long? Addresses => Of("Max address space");

    /// <summary>Bytes of a file that is written (<c>ulimit -f</c>); null: no limit.</summary>
    public static long? FileSize => Of("Max file size");

    /// <summary>Bytes of a thread's stack (<c>ulimit -s</c>); null: no limit.</summary>
    public static long? Stack => Of("Max stack size");

    private static long? Of(string name)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            // "Max open files            1024                 524288               files": the first number holds, the second is how far it
            // could be raised.
            var line = System.IO.File.ReadLines(File).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            var value = line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
