using System.Text.Json;

namespace UNetGen.Package.Tests.Harness;

/// <summary>A user's project: a folder outside the tree, and the commands that are typed in it.</summary>
internal class ConsumerProject
{
    private readonly PackedTree packages;

    /// <summary>Makes the folder, with what tells NuGet where the packages under test are.</summary>
    public ConsumerProject(string folder, PackedTree packages)
    {
        Folder = folder;
        this.packages = packages;
        Directory.CreateDirectory(folder);
        Write("NuGet.config", $"""
            <configuration>
              <packageSources><add key="tested" value="{packages.Packages}" /></packageSources>
              <config><add key="globalPackagesFolder" value="{packages.Restored}" /></config>
              <fallbackPackageFolders><add key="machine" value="{Tree.PackageCache}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    public string Folder { get; }

    /// <summary>What every command gets.</summary>
    protected virtual string[] Options => ["-nologo"];

    /// <summary>A reference to a package under test, as a project file has it.</summary>
    public string Reference(string package, string more = "/>") => $"""<PackageReference Include="{package}" Version="{packages.Version}" {more}""";

    public string PathOf(string file) => Path.Combine(Folder, file);

    public string Read(string file) => File.ReadAllText(PathOf(file));

    /// <summary>Writes a file, unless it says just this already: what is not written is not newer than what was built of it.</summary>
    public void Write(string file, string text)
    {
        if (File.Exists(PathOf(file)) && Read(file) == text)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(file))!);
        File.WriteAllText(PathOf(file), text);
    }

    public void Edit(string file, string what, string by)
    {
        string text = Read(file);
        Assert.Contains(what, text);
        Write(file, text.Replace(what, by, StringComparison.Ordinal));
    }

    public Dotnet.Result TryRestore() => Dotnet.Run(Folder, ["restore", .. Options]);

    public void Restore() => Dotnet.Succeed(Folder, ["restore", .. Options]);

    public Dotnet.Result TryBuild(params string[] options) => Dotnet.Run(Folder, ["build", "--no-restore", .. Options, .. options]);

    public void Build(params string[] options) => Dotnet.Succeed(Folder, ["build", "--no-restore", .. Options, .. options]);

    /// <summary>The files of these types as the project has them before anything is built, relative to it.</summary>
    public string[] Items(string type, params string[] options)
    {
        using var answer = JsonDocument.Parse(Dotnet.Succeed(Folder, ["msbuild", $"-getItem:{type}", .. options]));
        var items = answer.RootElement.GetProperty("Items").GetProperty(type).EnumerateArray();
        return [.. items.Select(item => item.GetProperty("Identity").GetString()!.Replace('\\', '/'))];
    }

    /// <summary>Runs what was built, as it was built.</summary>
    public string Run()
    {
        string program = $"{Path.GetFileName(Folder)}.dll";
        return Dotnet.Succeed(Folder, Directory.GetFiles(PathOf("bin"), program, SearchOption.AllDirectories).Single()).TrimEnd();
    }
}
