namespace UNetGen.Runtime.Tests;

/// <summary>A fact about ELF files, the Linux loader, signals and links, or what Linux lets happen to open files.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "Linux only.";
    }
}
