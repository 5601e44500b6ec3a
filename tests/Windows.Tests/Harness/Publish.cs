using System.Reflection;
using UNetGen.Package.Tests.Harness;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>Publishing for Windows, as a user does it, on whatever machine.</summary>
internal static class Publish
{
    /// <summary>The source tree, as this system calls it.</summary>
    public static string Root { get; } = Path.GetFullPath(Metadata("Root"));

    public static string Metadata(string name) => typeof(Publish).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == name).Value!;

    /// <summary>What is published, and what is built on the way: elsewhere than what others build, and found again the next time.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "windows");

    /// <summary>Publishes the program, into a folder whose name has all that a user's might.</summary>
    /// <returns>Its path.</returns>
    public static string Program()
    {
        var folder = Path.Combine(Folder, "Prögramm 🎨");
        Run("src/Examples", folder);
        return Path.Combine(folder, "UNetGen.Examples.exe");
    }

    /// <summary>Publishes a project with all that it needs.</summary>
    /// <param name="project">In the source tree.</param>
    /// <param name="folder">For what is published.</param>
    public static void Run(string project, string folder)
    {
        var result = Dotnet.Run(
            Root, "publish", project, "-c", "Release", "-r", "win-x64", "--self-contained", "-o", folder,
            "--artifacts-path", Path.Combine(Folder, "artifacts"), "-p:RunAnalyzers=false", "-p:GenerateDocumentationFile=false");
        if (result.ExitCode == 0)
            return;
        // The next time, a file that was cut off would be taken for a whole one.
        Directory.Delete(Folder, recursive: true);
        Assert.Fail($"{project} can't be published: exit code {result.ExitCode}\n{result.Output}");
    }
}
