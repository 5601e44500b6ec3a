using System.Reflection;

namespace UNetGen.Native;

/// <summary>
/// The libtorch for the CPU in NuGet's folder of packages, where builds of other projects have left it: for a program that brings none for
/// itself and is on many machines, as a tool is. It says so by the switch <see cref="Switch"/>; what is published for another machine
/// doesn't, and so can't work by chance on the one that built it.
/// </summary>
internal static class PackagedLibtorch
{
    /// <summary>In a program's project: <c>&lt;RuntimeHostConfigurationOption Include="..." Value="true" /&gt;</c>.</summary>
    public const string Switch = "UNetGen.PackagedLibtorch";

    /// <summary>Whether the program looks for it.</summary>
    public static bool IsWanted => AppContext.TryGetSwitch(Switch, out var wanted) && wanted;

    /// <summary>Where its libraries lie, or would.</summary>
    public static string Folder => Path.Combine(Packages, Package, Version, "runtimes", Platform.Rid, "native");

    /// <summary>What to type where there is none, in one line.</summary>
    public static string Advice => $"Fetch one: `dotnet package download {Package}@{Version} --output {Quoted(Packages)}`; or {AdviceForGpu}";

    /// <summary>What to type where a GPU is to compute.</summary>
    public static string AdviceForGpu
    {
        get
        {
            var take = OperatingSystem.IsWindows()
                ? $"$env:{InstalledLibtorch.Variable} = python -c \"import torch; print(torch.__path__[0])\""
                : $"export {InstalledLibtorch.Variable}=$(python3 -c \"import torch; print(torch.__path__[0])\")";
            return $"take that of an installed PyTorch {Version[..Version.LastIndexOf('.')]}, which may be one for a GPU: `{take}`.";
        }
    }

    private static string Package => $"libtorch-cpu-{Platform.Rid}";

    // TorchSharp's word for it is one that loads libtorch.
    /// <summary>The one that TorchSharp was made for.</summary>
    private static string Version => typeof(PackagedLibtorch).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(
        attribute => attribute.Key == "LibtorchVersion").Value!;

    private static string Packages => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
            ".nuget", "packages");

    private static string Quoted(string path) => path.Contains(' ') ? $"\"{path}\"" : path;
}
