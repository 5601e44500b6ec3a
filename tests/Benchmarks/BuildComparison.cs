using System.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Benchmarks;

/// <summary>How long whole builds of one kind took.</summary>
internal sealed record BuildTimes(string Project, bool CompilerServer, IReadOnlyList<TimeSpan> Sorted)
{
    public TimeSpan Median => Sorted[Sorted.Count / 2];
}

/// <summary>
/// Whole builds by <c>dotnet build</c>, as processes: of a project whose classes the generator makes, of the same project with these
/// classes as ordinary files and no generator, and of a project without them. In turn, so that what else the machine does meets all alike.
/// </summary>
internal static class BuildComparison
{
    private static readonly string[] Projects = ["specs", "files", "neither"];

    /// <summary>Each project so many times without a compiler server, as a build machine builds it, and with one, as a desk does.</summary>
    public static IReadOnlyList<BuildTimes> Run(int specs, int rounds)
    {
        return InFolder(specs, folder =>
        {
            var times = Projects.SelectMany(project => new[] { false, true }.Select(server => (project, server))).ToDictionary(
                kind => kind, _ => new List<TimeSpan>());
            foreach (var project in Projects)
                Build(folder, project, server: true); // warms the disk and the compiler server
            for (var round = 1; round <= rounds; round++)
            {
                foreach (var (kind, list) in times)
                    list.Add(Build(folder, kind.project, kind.server));
                Console.WriteLine($"builds: round {round} of {rounds} done");
            }

            return times.Select(pair => new BuildTimes(pair.Key.project, pair.Key.server, [.. pair.Value.Order()])).ToList();
        });
    }

    /// <summary>Each project once, to see that it still builds.</summary>
    public static IReadOnlyList<BuildTimes> Once(int specs) =>
        InFolder(
            specs,
            folder => Projects.Select(
                project => new BuildTimes(project, CompilerServer: true, [Build(folder, project, server: true)])).ToList());

    private static List<BuildTimes> InFolder(int specs, Func<string, List<BuildTimes>> measure)
    {
        var folder = Directory.CreateTempSubdirectory("unetgen-build-");
        try
        {
            Write(folder.FullName, SpecSet.Take(specs));
            foreach (var project in Projects)
                Dotnet(folder.FullName, "restore", project);
            return measure(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static TimeSpan Build(string folder, string project, bool server)
    {
        var start = Stopwatch.GetTimestamp();
        Dotnet(folder, "build", project, "--no-restore", "--no-incremental", "-c", "Release", $"-p:UseSharedCompilation={server}");
        return Stopwatch.GetElapsedTime(start);
    }

    private static void Write(string folder, SpecText[] specs)
    {
        // A compiler server holds on to the generator that it has loaded from a path, so each comparison has its own.
        var generator = Path.Combine(folder, "generator");
        Directory.CreateDirectory(generator);
        foreach (var file in new[] { "UNetGen.Generator.dll", "YamlDotNet.dll" })
            File.Copy(Path.Combine(AppContext.BaseDirectory, file), Path.Combine(generator, file));

        foreach (var project in Projects)
        {
            WriteFile($"{project}/{project}.csproj", $"""
                <Project Sdk="Microsoft.NET.Sdk">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework>
                    <RootNamespace>Shop</RootNamespace>
                    <Nullable>enable</Nullable>
                  </PropertyGroup>
                  <ItemGroup>
                    <Reference Include="{AppContext.BaseDirectory}UNetGen.Runtime.dll;{AppContext.BaseDirectory}TorchSharp.dll" />
                    {(project == "specs" ? """<Analyzer Include="../generator/*.dll" /><AdditionalFiles Include="**/*.unet.yaml" />""" : "")}
                    <CompilerVisibleProperty Include="RootNamespace;ProjectDir" />
                  </ItemGroup>
                </Project>
                """);
        }

        foreach (var spec in specs)
            WriteFile($"specs/{Path.GetRelativePath(SpecSet.Directory, spec.Path)}", spec.GetText().ToString());
        var sources = CSharpGeneratorDriver.Create(
            [new UNetGenerator().AsSourceGenerator()], specs, optionsProvider: new ProjectOptions("Shop", SpecSet.Directory))
            .RunGenerators(CSharpCompilation.Create("Shop")).GetRunResult().GeneratedTrees;
        foreach (var source in sources)
            WriteFile($"files/{Path.GetFileName(source.FilePath)}", source.ToString());

        // Whoever doesn't have the classes doesn't build.
        var first = sources[0].GetRoot().DescendantNodes().OfType<Microsoft.CodeAnalysis.CSharp.Syntax.ClassDeclarationSyntax>()
            .First().Identifier.Text;
        foreach (var project in Projects)
            WriteFile(
                $"{project}/Catalog.cs",
                $"namespace Shop; public static class Catalog {{ public static long Count => "
                    + $"{(project == "neither" ? "0" : $"{first}.ParameterCount")}; }}");

        void WriteFile(string path, string text)
        {
            var full = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text);
        }
    }

    private static void Dotnet(string folder, params string[] arguments)
    {
        var start =
            new ProcessStartInfo(
                "dotnet", arguments)
            { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"dotnet {string.Join(' ', arguments)} failed:\n{output}{error.Result}");
    }
}
