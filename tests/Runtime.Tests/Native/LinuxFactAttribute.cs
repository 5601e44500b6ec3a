namespace UNetGen.Runtime.Tests.Native;

/// <summary>A fact about ELF files and the Linux loader.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "Linux only.";
    }
}
