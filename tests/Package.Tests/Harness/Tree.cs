using System.Reflection;

namespace UNetGen.Package.Tests.Harness;

/// <summary>The source tree that these tests were built in, as its project files know it.</summary>
internal static class Tree
{
    /// <summary>Of the packages.</summary>
    public static string Version { get; } = Value("Version");

    public static string TorchSharpVersion { get; } = Value("TorchSharpVersion");

    public static string LibtorchVersion { get; } = Value("LibtorchVersion");

    public static string SkiaSharpVersion { get; } = Value("SkiaSharpVersion");

    /// <summary>Where restored packages lie on this machine.</summary>
    public static string PackageCache { get; } = Value("PackageCache");

    /// <summary>The folder of the built OtherAnalyzer.dll and its YamlDotNet.dll.</summary>
    public static string OtherAnalyzer { get; } = Value("OtherAnalyzer");

    /// <summary>The SDK's server of the compiler, a program that `dotnet` runs.</summary>
    public static string CompilerServer { get; } = Value("CompilerServer");

    /// <summary>This machine's, as libtorch's packages name it.</summary>
    public static string Platform { get; } = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";

    public static string PathOf(string relative) => Path.Combine(Value("Root"), relative);

    /// <summary>Copies all that makes the packages, and nothing that was built of it.</summary>
    public static void CopySources(string folder)
    {
        var files = new[] { "src", "docs" }
            .SelectMany(part => Directory.EnumerateFiles(PathOf(part), "*", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Value("Root"), path));
        foreach (string file in files.Concat(
            ["Directory.Build.props", "Directory.Packages.props", "global.json", "specs/unet.schema.json"]))
        {
            if (!file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
                Copy(file, folder);
        }
    }

    private static void Copy(string file, string folder)
    {
        string target = Path.Combine(folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(PathOf(file), target);
    }

    private static string Value(string name) =>
        typeof(Tree).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == name).Value!;
}
