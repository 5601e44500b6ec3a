namespace UNetGen.Onnx.Tests;

/// <summary>A fact about the libraries of a process, as Linux names them.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
            Skip = "Linux only.";
    }
}
