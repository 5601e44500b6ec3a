using System.IO.Compression;
using System.Text;

namespace UNetGen.Package.Tests.Harness;

/// <summary>
/// The packages, packed from a copy of the sources without a repository around it, and the project of their README, outside the tree:
/// made once for all tests.
/// </summary>
public sealed class PackedTree : IDisposable
{
    private static readonly string[] Projects =
    [
        "Package/UNetGen", "Runtime/UNetGen.Runtime", "Generator/UNetGen.Generator", "Compiler/UNetGen.Compiler", "Onnx/UNetGen.Onnx",
        "Cli/UNetGen.Cli", "Tool/UNetGen.Tool", "Templates/UNetGen.Templates",
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("unetgen-packages-").FullName;
    private readonly SharedCompiler compiler = new();
    private readonly Lazy<Quickstart> quickstart;

    public PackedTree()
    {
        string sources = Path.Combine(folder, "sources");
        Tree.CopySources(sources);
        // All at once: what several are made of is built once.
        File.WriteAllText(Path.Combine(sources, "Packages.slnx"), $"""
            <Solution>
              {string.Concat(Projects.Select(project => $"<Project Path=\"src/{project}.csproj\" />"))}
            </Solution>
            """);
        Dotnet.Succeed(
            sources, "pack", "Packages.slnx", "-c", "Release", "-o", Packages, $"-p:PackageVersion={Version}", "-p:RunAnalyzers=false");
        Project = new ReadmeProject(Path.Combine(folder, "Drawing"), this);
        quickstart = new(() => new Quickstart(NewFolder("Quickstart"), this));
    }

    /// <summary>No other run's, so that nothing restored before can stand for what is tested.</summary>
    public string Version { get; } = $"{Tree.Version}-test.{DateTime.UtcNow.Ticks}";

    /// <summary>Where the .nupkg files are.</summary>
    public string Packages => Path.Combine(folder, "packages");

    /// <summary>Where these are restored to, and no others: those come from the machine's cache.</summary>
    public string Restored => Path.Combine(folder, "restored");

    /// <summary>The project of the package's README.</summary>
    internal ReadmeProject Project { get; }

    /// <summary>The two files of the README's quickstart, trained a little.</summary>
    internal Quickstart Quickstart => quickstart.Value;

    /// <summary>A folder for another project.</summary>
    public string NewFolder(string name) => Path.Combine(folder, $"{Guid.NewGuid():N}", name);

    /// <summary>A package as the archive that it is.</summary>
    public ZipArchive Open(string id, string extension = "nupkg") =>
        ZipFile.OpenRead(Path.Combine(Packages, $"{id}.{Version}.{extension}"));

    /// <summary>Offers a package of the machine's cache as another version of itself.</summary>
    public void AddAs(string id, string version, string other)
    {
        string cached = Path.Combine(Tree.PackageCache, id.ToLowerInvariant(), version);
        string copy = Path.Combine(Packages, $"{id}.{other}.nupkg");
        File.Copy(Path.Combine(cached, $"{id}.{version}.nupkg".ToLowerInvariant()), copy);
        using var package = ZipFile.Open(copy, ZipArchiveMode.Update);
        package.GetEntry(".signature.p7s")?.Delete();
        var manifest = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal));
        using var content = manifest.Open();
        string text = new StreamReader(content).ReadToEnd();
        content.SetLength(0);
        content.Write(Encoding.UTF8.GetBytes(text.Replace(version, other, StringComparison.Ordinal)));
    }

    /// <summary>One file of a package.</summary>
    public byte[] Read(string id, string file, string extension = "nupkg")
    {
        using var package = Open(id, extension);
        using var content = package.GetEntry(file)!.Open();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    public void Dispose()
    {
        if (quickstart.IsValueCreated)
            quickstart.Value.Dispose();
        compiler.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}

[CollectionDefinition(nameof(PackedTree))]
public sealed class PackedTreeCollection : ICollectionFixture<PackedTree>;
