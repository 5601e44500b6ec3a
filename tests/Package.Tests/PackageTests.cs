using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;
using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>What is in the packages.</summary>
[Collection(nameof(PackedTree))]
public sealed class PackageTests(PackedTree packages)
{
#if DEBUG
    private const string? NotComparable = "Packages are Release builds, and this tree was built in Debug.";
#else
    private const string? NotComparable = null;
#endif

    [Theory]
    [InlineData("UNetGen", "nupkg",
        "README.md", "THIRD-PARTY-NOTICES.txt", "UNetGen.nuspec", "analyzers/dotnet/cs/UNetGen.Generator.dll",
        "analyzers/dotnet/cs/YamlDotNet.dll",
        "build/UNetGen.targets", "build/net10.0/UNetGen.References.targets", "build/net10.0/UNetGen.Schema.targets",
        "build/net10.0/UNetGen.Specs.targets",
        "build/net10.0/UNetGen.props", "build/net10.0/UNetGen.targets",
        "buildMultiTargeting/UNetGen.targets",
        "buildTransitive/UNetGen.targets", "buildTransitive/net10.0/UNetGen.References.targets",
        "buildTransitive/net10.0/UNetGen.Schema.targets",
        "buildTransitive/net10.0/UNetGen.Specs.targets",
        "buildTransitive/net10.0/UNetGen.props", "buildTransitive/net10.0/UNetGen.targets",
        "lib/net10.0/_._", "schema/unet.schema.json")]
    [InlineData("UNetGen.Runtime", "nupkg",
        "README.md", "UNetGen.Runtime.nuspec", "buildTransitive/net10.0/UNetGen.ModuleInitializer.cs",
        "buildTransitive/net10.0/UNetGen.Runtime.props",
        "buildTransitive/net10.0/UNetGen.Runtime.targets",
        "lib/net10.0/UNetGen.Runtime.dll", "lib/net10.0/UNetGen.Runtime.xml")]
    [InlineData("UNetGen.Runtime", "snupkg", "UNetGen.Runtime.nuspec", "lib/net10.0/UNetGen.Runtime.pdb")]
    [InlineData("UNetGen.Compiler", "nupkg",
        "README.md", "UNetGen.Compiler.nuspec", "lib/net10.0/UNetGen.Compiler.dll", "lib/net10.0/UNetGen.Compiler.xml",
        "lib/net10.0/UNetGen.Generator.dll")]
    [InlineData("UNetGen.Compiler", "snupkg", "UNetGen.Compiler.nuspec", "lib/net10.0/UNetGen.Compiler.pdb")]
    public void A_package_has_these_files_and_no_others(string id, string extension, params string[] files)
    {
        using var package = packages.Open(id, extension);

        var packed = package.Entries.Select(entry => entry.FullName).Where(
            name => name != "[Content_Types].xml" && name[..2] is not ("_r" or "pa")
                && !name.StartsWith("docs/", StringComparison.Ordinal));

        Assert.Equal(files, packed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_language_and_every_rule_come_with_the_package()
    {
        using var package = packages.Open("UNetGen", "nupkg");
        string[] rules = [.. Directory.EnumerateFiles(Tree.PathOf("docs/rules")).Select(path => $"docs/rules/{Path.GetFileName(path)}")];

        var packed = package.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("docs/", StringComparison.Ordinal));

        Assert.Equal(
            rules.Concat(["docs/editors.md", "docs/schema.md", "docs/spec.md"]).Order(StringComparer.Ordinal),
            packed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void All_packages_are_MIT_with_the_README_and_ask_for_the_runtime_of_their_own_version_alone()
    {
        var generator = Metadata("UNetGen");
        var runtime = Metadata("UNetGen.Runtime");
        var compiler = Metadata("UNetGen.Compiler");

        foreach (var metadata in new[] { generator, runtime, compiler })
        {
            Assert.Equal("MIT", Value(metadata, "license"));
            Assert.Equal("README.md", Value(metadata, "readme"));
            Assert.Equal("Copyright (c) 2026 The UNetGen authors", Value(metadata, "copyright"));
            Assert.NotEqual("Package Description", Value(metadata, "description"));
        }
        Assert.Equal([$"UNetGen.Runtime [{packages.Version}]"], Dependencies(generator));
        Assert.Equal(
            [$"UNetGen.Runtime [{packages.Version}]", "Microsoft.CodeAnalysis.CSharp 4.8.0", "YamlDotNet 18.1.0"], Dependencies(compiler));
        // Another major version is another library; TorchSharp's, of 0, are its minor ones.
        Assert.Equal(
            [
                "Microsoft.Extensions.Logging.Abstractions 10.0.0", "SharpZipLib 1.4.1", $"SkiaSharp [{Tree.SkiaSharpVersion}, 4.0.0)",
                $"SkiaSharp.NativeAssets.Linux.NoDependencies [{Tree.SkiaSharpVersion}, 4.0.0)",
                $"TorchSharp [{Tree.TorchSharpVersion}, 0.108.0)",
            ],
            Dependencies(runtime));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("src/Package/README.md")]
    public void The_READMEs_name_the_versions_of_this_tree(string file)
    {
        string readme = File.ReadAllText(Tree.PathOf(file));

        Assert.Contains($"""<PackageReference Include="UNetGen" Version="{Tree.Version}" />""", readme);
        Assert.Contains($"""<PackageReference Include="TorchSharp-cpu" Version="{Tree.TorchSharpVersion}" />""", readme);
    }

    [Fact]
    public void The_generator_names_no_library_but_those_of_the_compiler_and_the_one_beside_it()
    {
        using var assembly = new PEReader(new MemoryStream(packages.Read("UNetGen", "analyzers/dotnet/cs/UNetGen.Generator.dll")));
        var reader = assembly.GetMetadataReader();

        var references = reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name));

        Assert.Equal(
            ["Microsoft.CodeAnalysis", "Microsoft.CodeAnalysis.CSharp", "System.Collections.Immutable", "YamlDotNet", "netstandard"],
            references.Order(StringComparer.Ordinal));
    }

    [Fact(Skip = NotComparable)]
    public void The_same_sources_give_the_same_assemblies_wherever_they_are_built()
    {
        Assert.Equal(File.ReadAllBytes(Tree.PathOf("src/Generator/bin/Release/netstandard2.0/UNetGen.Generator.dll")),
            packages.Read("UNetGen", "analyzers/dotnet/cs/UNetGen.Generator.dll"));
        Assert.Equal(File.ReadAllBytes(Tree.PathOf("src/Runtime/bin/Release/net10.0/UNetGen.Runtime.dll")),
            packages.Read("UNetGen.Runtime", "lib/net10.0/UNetGen.Runtime.dll"));
        Assert.Equal(packages.Read("UNetGen", "analyzers/dotnet/cs/UNetGen.Generator.dll"),
            packages.Read("UNetGen.Compiler", "lib/net10.0/UNetGen.Generator.dll"));
    }

    [Fact]
    public void The_symbols_bring_every_source_and_name_no_folder_of_the_building_machine()
    {
        byte[] symbols = packages.Read("UNetGen.Runtime", "lib/net10.0/UNetGen.Runtime.pdb", "snupkg");
        using var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(symbols));
        var reader = provider.GetMetadataReader();
        var embeddedSource = new Guid("0E8A571B-6926-466E-B4AD-8AB04611F5FE"); // the portable PDB format's

        Assert.NotEmpty(reader.Documents);
        Assert.All(reader.Documents, document =>
        {
            Assert.StartsWith("/_/src/", reader.GetString(reader.GetDocument(document).Name));
            Assert.Contains(
                reader.GetCustomDebugInformation(document),
                information => reader.GetGuid(reader.GetCustomDebugInformation(information).Kind) == embeddedSource);
        });
    }

    private static string Value(XElement metadata, string name) =>
        metadata.Elements().Single(element => element.Name.LocalName == name).Value;

    private static string[] Dependencies(XElement metadata) =>
        [.. metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(
            element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}")];

    private XElement Metadata(string id) =>
        XDocument.Parse(Encoding.UTF8.GetString(packages.Read(id, id + ".nuspec")).TrimStart('\uFEFF')).Root!.Elements().Single();
}
