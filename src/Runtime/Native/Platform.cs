using System.Runtime.InteropServices;

namespace UNetGen.Native;

/// <summary>The platforms that libtorch's packages are made for.</summary>
internal static class Platform
{
    private static readonly string[] Supported = ["linux-x64", "osx-arm64", "win-x64"];

    /// <summary>This process's platform as the packages name it.</summary>
    public static string Rid { get; } =
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : IsMusl ? "linux-musl" : "linux")
        + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static bool IsMusl => RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
        || RuntimeInformation.RuntimeIdentifier.StartsWith("alpine", StringComparison.Ordinal);

    /// <summary>How a shared library's file is called here.</summary>
    public static string FileName(string library) =>
        OperatingSystem.IsWindows() ? library + ".dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";

    /// <summary>Refuses a platform that no libtorch is made for.</summary>
    /// <exception cref="LibtorchException">There is none.</exception>
    public static void CheckSupported() => CheckSupported(Rid);

    /// <summary>Refuses a platform that no libtorch is made for.</summary>
    /// <exception cref="LibtorchException">There is none.</exception>
    public static void CheckSupported(string rid)
    {
        if (!Supported.Contains(rid))
            throw new LibtorchException(
                $"TorchSharp has no libtorch for {rid}, only for {string.Join(", ", Supported)}"




                                + (
                                    rid.StartsWith("linux-musl", StringComparison.Ordinal)
                                        ? " (Linux with glibc, which Alpine hasn't: use a Debian or Ubuntu image)."
                                        : "."));
    }
}
