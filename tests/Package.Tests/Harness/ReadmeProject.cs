using System.Text.RegularExpressions;

namespace UNetGen.Package.Tests.Harness;

/// <summary>The project that the package's README shows, file by file, with the packages under test.</summary>
internal sealed partial class ReadmeProject
{
    private readonly PackedTree packages;
    private readonly Dictionary<string, string> files;

    public ReadmeProject(string folder, PackedTree packages)
    {
        Folder = folder;
        this.packages = packages;
        files = FencedFile().Matches(Readme).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["text"].Value);
        files["Drawing.csproj"] = WithTestedPackages(files["Drawing.csproj"]);
        Directory.CreateDirectory(folder);
        Write("NuGet.config", $"""
            <configuration>
              <packageSources><add key="tested" value="{packages.Packages}" /></packageSources>
            </configuration>
            """);
        Reset();
        Dotnet.Succeed(Folder, ["restore", .. Options]);
    }

    public static string Readme { get; } = File.ReadAllText(Tree.PathOf("src/Package/README.md"));

    public string Folder { get; }

    /// <summary>
    /// The packages under test are restored into a folder of this run's, all others come from the machine's cache. To be warned is to fail,
    /// in the oldest C# that is served and with every check a library might have.
    /// </summary>
    private string[] Options =>
    [
        "-nologo", $"-p:RestorePackagesPath={Path.Combine(packages.Packages, "restored")}", $"-p:RestoreFallbackFolders={Tree.PackageCache}",
        "-p:TreatWarningsAsErrors=true", "-p:GenerateDocumentationFile=true", "-p:LangVersion=10.0",
    ];

    /// <summary>Everything as in the README again.</summary>
    public void Reset()
    {
        foreach (string spec in Directory.GetFiles(Folder, "*.unet.yaml").Where(path => !files.ContainsKey(Path.GetFileName(path))))
            File.Delete(spec);
        foreach (var (name, text) in files)
            Write(name, text);
    }

    public string PathOf(string file) => Path.Combine(Folder, file);

    public string Read(string file) => File.ReadAllText(PathOf(file));

    /// <summary>Writes a file, unless it says just this already: what is not written is not newer than what was built of it.</summary>
    public void Write(string file, string text)
    {
        if (!File.Exists(PathOf(file)) || Read(file) != text)
            File.WriteAllText(PathOf(file), text);
    }

    public void Edit(string file, string what, string by)
    {
        string text = Read(file);
        Assert.Contains(what, text);
        Write(file, text.Replace(what, by, StringComparison.Ordinal));
    }

    /// <summary>Restores a project in another folder, with these packages.</summary>
    public Dotnet.Result TryRestore(string folder) => Dotnet.Run(folder, ["restore", .. Options]);

    public Dotnet.Result TryBuild(params string[] options) => Dotnet.Run(Folder, ["build", "--no-restore", .. Options, .. options]);

    public void Build(params string[] options) => Dotnet.Succeed(Folder, ["build", "--no-restore", .. Options, .. options]);

    /// <summary>Runs what was built, as it was built.</summary>
    public string Run() => Dotnet.Succeed(Folder, Directory.GetFiles(PathOf("bin"), "Drawing.dll", SearchOption.AllDirectories).Single()).TrimEnd();

    /// <summary>When the compiler last wrote.</summary>
    public DateTime Compiled => File.GetLastWriteTimeUtc(Directory.GetFiles(PathOf("obj"), "Drawing.pdb", SearchOption.AllDirectories).Single());

    /// <summary>The README's, but for the version, and one platform's libtorch instead of all: it is in the cache already, for other tests.</summary>
    private string WithTestedPackages(string project)
    {
        string platform = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        return Replace(
            Replace(project, $"\"UNetGen\" Version=\"{Tree.Version}\"", $"\"UNetGen\" Version=\"{packages.Version}\""),
            $"\"TorchSharp-cpu\" Version=\"{Tree.TorchSharpVersion}\"", $"\"libtorch-cpu-{platform}\" Version=\"{Tree.LibtorchVersion}\"");

        static string Replace(string text, string what, string by)
        {
            Assert.Contains(what, text);
            return text.Replace(what, by, StringComparison.Ordinal);
        }
    }

    // A block that begins with a comment naming its file.
    [GeneratedRegex(@"^```\w+\n(?<text>(//|#|<!--) (?<name>[\w.]+)( -->)?\n.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FencedFile();
}
