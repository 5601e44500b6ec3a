namespace UNetGen.Package.Tests.Harness;

/// <summary>A program of one C# file and the specs beside it (<c>dotnet run app.cs</c>), which is built outside of its folder.</summary>
internal class FileBasedApp(string folder, PackedTree packages, string file) : ConsumerProject(folder, packages), IDisposable
{
    /// <summary>Builds what has to be built, and runs it.</summary>
    /// <returns>What it prints.</returns>
    public string RunApp(params string[] arguments) => Dotnet.Succeed(Folder, ["run", file, "--", .. arguments]).TrimEnd();

    /// <summary>Builds what can't be built.</summary>
    public string FailingBuild() => Dotnet.Run(Folder, "run", file).Output;

    /// <summary>Runs what was built last.</summary>
    public string RunAgain(params string[] arguments) =>
        Dotnet.Succeed(Folder, ["run", "--no-build", file, "--", .. arguments]).TrimEnd();

    public void Dispose()
    {
        string built = Dotnet.Run(Folder, "build", file, "-getProperty:ArtifactsPath").Output.Trim();
        if (Directory.Exists(built))
            Directory.Delete(built, recursive: true);
    }
}
