using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>What is in the packages.</summary>
[Collection(nameof(PackedTree))]
public sealed partial class PackageTests(PackedTree packages)
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
    [InlineData("UNetGen.Onnx", "nupkg",
        "README.md", "UNetGen.Onnx.nuspec", "lib/net10.0/UNetGen.Onnx.dll", "lib/net10.0/UNetGen.Onnx.xml")]
    [InlineData("UNetGen.Onnx", "snupkg", "UNetGen.Onnx.nuspec", "lib/net10.0/UNetGen.Onnx.pdb")]
    [InlineData("UNetGen.Cli", "nupkg",
        "Fonts/LICENSE", "README.md", "UNetGen.Cli.nuspec", "buildTransitive/net10.0/UNetGen.Cli.targets", "lib/net10.0/UNetGen.Cli.dll",
        "lib/net10.0/UNetGen.Cli.xml")]
    [InlineData("UNetGen.Cli", "snupkg", "UNetGen.Cli.nuspec", "lib/net10.0/UNetGen.Cli.pdb")]
    [InlineData("UNetGen.Templates", "nupkg",
        "README.md", "UNetGen.Templates.nuspec", "content/unetgen/.gitignore", "content/unetgen/.template.config/template.json",
        "content/unetgen/Program.cs", "content/unetgen/SnapshotTests.cs", "content/unetgen/UNetProgram.csproj",
        "content/unetgen/tiny.unet.yaml", "content/unetgen/tiny.verified.cs", "content/unetgen/unet.schema.json")]
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
        var onnx = Metadata("UNetGen.Onnx");

        foreach (var metadata in new[] { generator, runtime, compiler, onnx })
        {
            Assert.Equal("MIT", Value(metadata, "license"));
            Assert.Equal("README.md", Value(metadata, "readme"));
            Assert.Equal("Copyright (c) 2026 The UNetGen authors", Value(metadata, "copyright"));
            Assert.NotEqual("Package Description", Value(metadata, "description"));
        }
        Assert.Equal([$"UNetGen.Runtime [{packages.Version}]"], Dependencies(generator));
        Assert.Equal(
            [$"UNetGen.Runtime [{packages.Version}]", "Microsoft.CodeAnalysis.CSharp 4.8.0", "YamlDotNet 18.1.0"], Dependencies(compiler));
        Assert.Equal([$"UNetGen.Compiler [{packages.Version}]", "Google.Protobuf 3.36.2", "OnnxSharp 0.3.2"], Dependencies(onnx));
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
    [InlineData("src/Cli/README.md")]
    [InlineData("src/Tool/README.md")]
    [InlineData("src/Templates/unetgen/UNetProgram.csproj")]
    public void READMEs_and_templates_name_the_versions_of_this_tree(string file)
    {
        string text = File.ReadAllText(Tree.PathOf(file));

        var named = NamedVersion().Matches(text).Select(
            match => (match.Groups["id"].Value, match.Groups["version"].Value)).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, one => Assert.Equal(
            one.Item1.StartsWith("UNetGen", StringComparison.Ordinal) ? Tree.Version
            : one.Item1.StartsWith("TorchSharp", StringComparison.Ordinal) ? Tree.TorchSharpVersion
            : Tree.LibtorchVersion, one.Item2));
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

    [Fact]
    public void The_program_comes_with_all_that_a_project_with_specs_needs_of_its_own_version()
    {
        string[] siblings = [.. Metadata("UNetGen.Cli").Descendants().Where(element => element.Name.LocalName == "dependency")
            .Select(element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value} {element.Attribute("exclude")?.Value}")
            .Where(dependency => dependency.StartsWith("UNetGen", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

        Assert.Equal(
            [
                // The generator is an analyzer with targets of its own, and has nothing else.
                $"UNetGen [{packages.Version}] Runtime,Compile,Native",
                $"UNetGen.Compiler [{packages.Version}] Build,Analyzers",
                $"UNetGen.Onnx [{packages.Version}] Build,Analyzers",
                $"UNetGen.Runtime [{packages.Version}] Build,Analyzers",
            ],
            siblings);
    }

    [Fact]
    public void The_tool_brings_native_parts_for_the_platforms_of_libtorch_and_no_libtorch_and_its_libraries_licences()
    {
        using var package = packages.Open("UNetGen.Tool", "nupkg");
        string[] files = [.. package.Entries.Select(entry => entry.FullName)];

        Assert.Equal(
            [
                "linux-x64 libHarfBuzzSharp.so", "linux-x64 libLibTorchSharp.so", "linux-x64 libSkiaSharp.so",
                "osx libHarfBuzzSharp.dylib", "osx libSkiaSharp.dylib", "osx-arm64 libLibTorchSharp.dylib",
                "win-x64 LibTorchSharp.dll", "win-x64 libHarfBuzzSharp.dll", "win-x64 libSkiaSharp.dll",
            ],
            files.Select(file => file.Split('/')).Where(path => path.Contains("native")).Select(path => $"{path[^3]} {path[^1]}")
                .Order(StringComparer.Ordinal));
        Assert.All(
            ["THIRD-PARTY-NOTICES.txt", "licenses/DejaVu/LICENSE", "licenses/SkiaSharp/LICENSE.txt", "licenses/TorchSharp/LICENSE.txt"],
            file => Assert.Contains(file, files));
        // Whatever a new library brings is looked at: NuGet takes no more than 250 MB, and people wait.
        Assert.InRange(new FileInfo(Path.Combine(packages.Packages, $"UNetGen.Tool.{packages.Version}.nupkg")).Length, 1, 35_000_000);
        string notices = Encoding.UTF8.GetString(packages.Read("UNetGen.Tool", "THIRD-PARTY-NOTICES.txt"));
        Assert.All(
            files.Where(file => file.StartsWith("tools/net10.0/any/", StringComparison.Ordinal) && file.Count(c => c == '/') == 3
                    && file.EndsWith(".dll", StringComparison.Ordinal))
                .Select(Path.GetFileNameWithoutExtension).Where(library => !library!.StartsWith("UNetGen.", StringComparison.Ordinal)),
            library => Assert.Contains(library!, notices));
    }

    // As a reference of a project, of a file-based app, or of a command has it.
    [GeneratedRegex("""(?<id>UNetGen(\.\w+)?|TorchSharp-cpu|libtorch-cpu-\w+-\w+)("\ Version="|@)(?<version>[\d.]+)""")]
    private static partial Regex NamedVersion();

    private static string Value(XElement metadata, string name) =>
        metadata.Elements().Single(element => element.Name.LocalName == name).Value;

    private static string[] Dependencies(XElement metadata) =>
        [.. metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(
            element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}")];

    private XElement Metadata(string id) =>
        XDocument.Parse(Encoding.UTF8.GetString(packages.Read(id, id + ".nuspec")).TrimStart('\uFEFF')).Root!.Elements().Single();
}
