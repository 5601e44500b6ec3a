using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck;

/// <summary>What is checked where.</summary>
/// <param name="DeviceText">As it was given.</param>
/// <param name="Device">What is checked.</param>
/// <param name="Steps">Of a training.</param>
/// <param name="MemorySteps">Over which memory must not grow.</param>
internal sealed record Settings(string DeviceText, Device Device, int Steps, int MemorySteps) : IDisposable
{
    /// <summary>For the checks' files; goes with this.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("unetgen-gpu-check-").FullName;

    /// <summary>Only whether the checks run: few steps, and of networks and samplers some.</summary>
    public bool IsTrial => Steps < 50;

    /// <summary>Networks that are trained.</summary>
    public IReadOnlyList<string> Trained => IsTrial ? ["ddpm_tiny"] : Trainings.Specs;

    public bool IsCuda => Device.type == DeviceType.CUDA;

    /// <summary>A file that lies beside the program.</summary>
    public static string Beside(params string[] path) => Path.Combine([AppContext.BaseDirectory, .. path]);

    /// <summary>An empty folder of this name.</summary>
    public string Empty(string name)
    {
        var folder = Path.Combine(Folder, name);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        return Directory.CreateDirectory(folder).FullName;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
