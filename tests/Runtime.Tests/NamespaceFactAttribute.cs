using System.Diagnostics;

namespace UNetGen.Runtime.Tests;

/// <summary>A fact about mounts of a test's own (<c>unshare --user --mount</c>), which not every Linux machine allows.</summary>
internal sealed class NamespaceFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> Allowed = new(() =>
    {
        if (!OperatingSystem.IsLinux())
            return false;
        using var process =
            Process.Start(
                new ProcessStartInfo(
                    "sh", ["-c", "unshare -rm sh -c 'mount -t tmpfs tmpfs /mnt' 2>&1"])
                { RedirectStandardOutput = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    });

    public NamespaceFactAttribute()
    {
        if (!Allowed.Value)
            Skip = "Needs Linux with user namespaces: unshare -rm.";
    }
}
