namespace UNetGen.Package.Tests.Harness;

/// <summary>The project that the package's README shows, file by file, with the packages under test.</summary>
internal sealed class ReadmeProject : ConsumerProject
{
    private readonly PackedTree packages;
    private readonly Dictionary<string, string> files;

    public ReadmeProject(string folder, PackedTree packages)
        : base(folder, packages)
    {
        this.packages = packages;
        files = PageFiles.Of(Readme);
        // The quickstart's, which is a program by itself.
        files.Remove("draw.cs");
        files["Drawing.csproj"] = WithTestedPackages(files["Drawing.csproj"]);
        Reset();
        Restore();
    }

    public static string Readme { get; } = File.ReadAllText(Tree.PathOf("src/Package/README.md"));

    /// <summary>When the compiler last wrote.</summary>
    public DateTime Compiled =>
        File.GetLastWriteTimeUtc(Directory.GetFiles(PathOf("obj"), "Drawing.pdb", SearchOption.AllDirectories).Single());

    /// <summary>To be warned is to fail, in the oldest C# that is served and with every check a library might have.</summary>
    protected override string[] Options =>
        [.. base.Options, "-p:TreatWarningsAsErrors=true", "-p:GenerateDocumentationFile=true", "-p:LangVersion=10.0"];

    /// <summary>Everything as in the README again.</summary>
    public void Reset()
    {
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, MatchCasing = MatchCasing.CaseInsensitive };
        var strangers = Directory.EnumerateFiles(Folder, "*.unet.*", everywhere).Select(path => Path.GetRelativePath(Folder, path))
            .Where(path => !files.ContainsKey(path) && path.Split(Path.DirectorySeparatorChar)[0] is not ("bin" or "obj"));
        foreach (string file in strangers.ToList())
            File.Delete(PathOf(file));
        foreach (var (name, text) in files)
            Write(name, text);
    }

    /// <summary>
    /// The README's, but for the version, and one platform's libtorch instead of all: it is in the cache already, for other tests.
    /// </summary>
    private string WithTestedPackages(string project)
    {
        return Replace(
            Replace(project, $"\"UNetGen\" Version=\"{Tree.Version}\"", $"\"UNetGen\" Version=\"{packages.Version}\""),
            $"\"TorchSharp-cpu\" Version=\"{Tree.TorchSharpVersion}\"", $"\"libtorch-cpu-{Tree.Platform}\" Version=\"{Tree.LibtorchVersion}\"");

        static string Replace(string text, string what, string by)
        {
            Assert.Contains(what, text);
            return text.Replace(what, by, StringComparison.Ordinal);
        }
    }
}
