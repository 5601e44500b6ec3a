using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>References that are written otherwise than the README writes them, and what a build says of them.</summary>
[Collection(nameof(PackedTree))]
public sealed class ReferenceTests(PackedTree packages)
{
    private const string Spec = "preset: lucidrains\nimage_size: 16\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2, 2]\n";

    [Fact]
    public void A_project_for_an_older_NET_is_refused_by_name()
    {
        var older = NewProject("Older", "net8.0", r => r.Reference("UNetGen"));

        older.Restore();

        var result = older.TryBuild();

        Assert.Equal(1, result.ExitCode);
        string error = Assert.Single(result.Output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).Distinct());
        Assert.Contains("error UNG0104: UNetGen is for .NET 10 and newer, and this project is built for net8.0: ", error);
    }

    [Fact]
    public void A_reference_like_an_analyzers_is_one_error_that_says_how_to_write_it()
    {
        var project = NewProject("Nets", "net10.0", r => r.Reference("UNetGen", """
            >
              <PrivateAssets>all</PrivateAssets>
              <IncludeAssets>runtime; build; native; contentfiles; analyzers; buildtransitive</IncludeAssets>
            </PackageReference>
            """));
        project.Write("tiny.unet.yaml", Spec);
        project.Restore();

        string output = project.TryBuild().Output;

        string error = Assert.Single(output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).Distinct());
        Assert.Contains(
            "error UNG0101: The classes of specs are made of UNetGen.Runtime, which this project doesn't get. Write its ", error);
    }

    [Theory]
    [InlineData("UNetGen")]
    [InlineData("UNetGen.Cli")]
    public void A_library_that_keeps_the_runtime_to_itself_is_warned_before_its_users_fail(string package)
    {
        var (library, user) = LibraryAndUser(r => r.Reference(package, """PrivateAssets="All" />"""));
        string output = user.TryBuild().Output;
        Assert.Contains($"warning UNG0102: PrivateAssets on the reference to {package} keeps UNetGen.Runtime from the projects ", output);
        Assert.Contains("error CS0012", output);

        library.Edit("Nets.csproj", "<PackageReference", library.Reference("UNetGen.Runtime") + "<PackageReference");
        user.Restore();
        Assert.Contains("0 Warning(s)", user.TryBuild().Output);
        Assert.Equal("1412867", user.Run());
    }

    [Fact]
    public void A_program_that_keeps_the_runtime_to_itself_is_warned_where_tests_reference_it_and_nowhere_else()
    {
        const string exe = "<OutputType>Exe</OutputType>";
        var program = NewProject("Nets", "net10.0", r => r.Reference("UNetGen", """PrivateAssets="all" />"""), exe);
        program.Write("tiny.unet.yaml", Spec);
        program.Write("Program.cs", "System.Console.WriteLine(Nets.TinyUNet.ParameterCount);");
        program.Restore();
        Assert.Contains("0 Warning(s)", program.TryBuild().Output);

        var tests = UserOf(program);
        string output = tests.TryBuild().Output;
        Assert.Contains("warning UNG0102: A project references this program, and PrivateAssets on the reference to UNetGen ", output);
        Assert.Contains("error CS0012", output);

        program.Edit("Nets.csproj", "PrivateAssets=\"all\"", "");
        tests.Restore();
        Assert.Contains("0 Warning(s)", tests.TryBuild().Output);
    }

    [Fact]
    public void Both_packages_kept_to_oneself_are_as_one()
    {
        const string isPrivate = """PrivateAssets="compile; runtime" />""";
        var (_, user) = LibraryAndUser(r => r.Reference("UNetGen", isPrivate) + r.Reference("UNetGen.Runtime", isPrivate));
        string output = user.TryBuild().Output;
        Assert.Contains("warning UNG0102: ", output);
        Assert.Contains("error CS0012", output);
    }

    [Fact]
    public void Another_SkiaSharp_than_its_native_part_is_an_error_with_the_line_that_mends_it()
    {
        const string native = "SkiaSharp.NativeAssets.Linux.NoDependencies";
        packages.AddAs("SkiaSharp", Tree.SkiaSharpVersion, "4.0.0");
        packages.AddAs(native, Tree.SkiaSharpVersion, "4.0.0");
        const string skia = """<PackageReference Include="SkiaSharp" Version="4.0.0" />""";
        var project = NewProject("Pictures", "net10.0", r => r.Reference("UNetGen") + skia);
        Assert.Contains(
            $"requires SkiaSharp (>= {Tree.SkiaSharpVersion} && < 4.0.0) but version SkiaSharp 4.0.0 was resolved",
            project.TryRestore().Output);
        string add = $"""<PackageReference Include="{native}" Version="4.0.0" />""";

        string output = project.TryBuild().Output;
        string kind = OperatingSystem.IsLinux() ? "error" : "warning";
        Assert.Contains($"{kind} UNG0103: SkiaSharp 4.0.0 can't work on Linux with {native} {Tree.SkiaSharpVersion}: ", output);
        Assert.Contains($"or add {add}", output);

        project.Edit("Pictures.csproj", "</ItemGroup>", add + "</ItemGroup>");
        project.Restore();
        project.Build();
    }

    /// <summary>A library with a spec, and a program that uses its class.</summary>
    private (ConsumerProject Library, ConsumerProject User) LibraryAndUser(Func<ConsumerProject, string> reference)
    {
        var library = NewProject("Nets", "net10.0", reference);
        library.Write("tiny.unet.yaml", Spec);
        return (library, UserOf(library));
    }

    /// <summary>A program that uses the class of <c>Nets.csproj</c>.</summary>
    private ConsumerProject UserOf(ConsumerProject nets)
    {
        string toNets = $"""<ProjectReference Include="{nets.PathOf("Nets.csproj")}" />""";
        var user = NewProject("User", "net10.0", _ => toNets, "<OutputType>Exe</OutputType>");
        user.Write("Program.cs", """
            System.IDisposable? net = (Nets.TinyUNet?)null;
            System.Console.WriteLine(net is null ? Nets.TinyUNet.ParameterCount : 0);
            """);
        user.Restore();
        return user;
    }

    private ConsumerProject NewProject(string name, string framework, Func<ConsumerProject, string> references, string properties = "")
    {
        var project = new ConsumerProject(packages.NewFolder(name), packages);
        project.Write($"{name}.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>{framework}</TargetFramework><Nullable>enable</Nullable>{properties}</PropertyGroup>
              <ItemGroup>{references(project)}</ItemGroup>
            </Project>
            """);
        return project;
    }
}
