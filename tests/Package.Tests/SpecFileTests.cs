using System.Text.RegularExpressions;
using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>Which files are specs of a project, whatever they are called and wherever they lie, and what is written of them.</summary>
[Collection(nameof(PackedTree))]
public sealed partial class SpecFileTests
{
    private const string Spec = "tiny.unet.yaml";
    private readonly PackedTree packages;
    private readonly ReadmeProject project;

    public SpecFileTests(PackedTree packages)
    {
        this.packages = packages;
        project = packages.Project;
        project.Reset();
    }

    [Fact]
    public void The_project_takes_specs_in_and_out_as_it_does_with_sources()
    {
        project.Write("draft.unet.yaml", "preset: none");
        project.Write("../specs/" + Spec, project.Read(Spec));
        File.Delete(project.PathOf(Spec));
        project.Edit(
            "Drawing.csproj", "<ItemGroup>", """<ItemGroup><AdditionalFiles Include="../specs/*" /><AdditionalFiles Remove="draft*" />""");

        project.Build();

        Assert.Equal("2 x 3 x 16 x 16, 1412867 parameters", project.Run());
    }

    [Fact]
    public void Hidden_files_of_editors_and_systems_are_no_specs_and_a_link_to_nothing_is_told_by_its_name()
    {
        // Emacs marks an unsaved file by the first, macOS keeps a file's attributes in the second.
        File.CreateSymbolicLink(project.PathOf(".#" + Spec), "someone@elsewhere.4242");
        project.Write("._" + Spec, "\0\u0005\u0016\u0007");
        Assert.Equal([Spec], project.Items("AdditionalFiles"));
        project.Build();

        File.CreateSymbolicLink(project.PathOf("dead.unet.yaml"), "nowhere");
        Assert.Contains("dead.unet.yaml(1,1): error UNG0001: the file can't be read", project.TryBuild().Output);
    }

    [Theory]
    [InlineData("EnableDefaultItems=false")]
    [InlineData("EnableDefaultUNetItems=false")]
    [InlineData("EnableDefaultItems=false;EnableDefaultUNetItems=true")]
    public void A_project_that_lists_its_files_itself_gets_no_spec_that_it_doesn_t_list(string properties) =>
        Assert.Empty(project.Items("AdditionalFiles", $"-p:{properties}"));

    [Theory]
    [InlineData("Watch")]
    [InlineData("UpToDateCheckInput")]
    public void Specs_are_what_IDEs_and_dotnet_watch_look_at(string type)
    {
        project.Write("more/LOUD.UNET.YAML", project.Read(Spec));
        project.Edit("Drawing.csproj", "<ItemGroup>", """<ItemGroup><AdditionalFiles Include="../shared/base.unet.yaml" Link="base" />""");

        Assert.Equal(["../shared/base.unet.yaml", "more/LOUD.UNET.YAML", Spec], project.Items(type).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Specs_of_any_name_and_depth_become_classes_and_files_that_are_not_compiled_twice()
    {
        // Disks take names of 255 characters: those of emitted files must not be the whole path.
        string deep = string.Join('/', Enumerable.Repeat(new string('d', OperatingSystem.IsWindows() ? 40 : 90), 3));
        foreach (string path in new[] { "my specs/50% #1 & it's (1)", "a;b/c;d", "obj-like/obj/inner", deep + "/deep", "per%20cent" })
            project.Write(path + ".unet.yaml", project.Read(Spec));
        project.Write("LOUD.UNET.YAML", project.Read(Spec));
        project.Edit("Program.cs", "using var net", """
            var networks = typeof(TinyUNet).Assembly.GetTypes().Where(type => type.BaseType == typeof(UNetGen.Networks.NoisePredictor));
            Console.WriteLine(string.Join(' ', networks.Select(type => type.Name).Order()));
            using var net
            """);
        // As docs/snapshots.md says it.
        var page = File.ReadAllText(Tree.PathOf("docs/snapshots.md"));
        project.Edit("Drawing.csproj", "</Project>", EmittingProperties().Match(page).Groups[1].Value + "</Project>");

        project.Build();
        project.Build("--no-incremental");
        project.Build("-p:EmitCompilerGeneratedFiles=false", "--no-incremental");

        Assert.Equal("CDUNet DeepUNet InnerUNet LOUDUNet Per20centUNet TinyUNet UNet501ItS1", project.Run().Split('\n')[0].TrimEnd());
        string folder = project.PathOf("Generated/UNetGen.Generator/UNetGen.Generator.UNetGenerator");
        Assert.Equal(7, Directory.GetFiles(folder).Length);
        Assert.Contains("public sealed partial class TinyUNet", File.ReadAllText(Path.Combine(folder, "tiny.unet.g.cs")));
    }

    [Fact]
    public void A_base_outside_the_project_is_added_by_the_line_of_its_error_and_is_an_input_of_the_build()
    {
        project.Write("../shared/base.unet.yaml", project.Read(Spec));
        project.Write(Spec, "extends: ../shared/base.unet.yaml\n");
        string error = project.TryBuild().Output;
        Assert.Contains(
            $"{project.PathOf(Spec)}(1,10): error UNG0021: the project has no spec ../shared/base.unet.yaml; if the file is there, ",
            error);

        project.Edit("Drawing.csproj", "<ItemGroup>", "<ItemGroup>" + Regex.Match(error, "<AdditionalFiles .*? />").Value);
        project.Build();
        Assert.Equal("2 x 3 x 16 x 16, 1412867 parameters", project.Run());

        project.Edit("../shared/base.unet.yaml", "[1, 2, 2]", "[1, 2]");
        project.Build();
        Assert.Equal("2 x 3 x 16 x 16, 829091 parameters", project.Run());
    }

    [Fact]
    public void A_file_based_app_runs_with_its_specs_as_they_are_now()
    {
        string head = FileBasedHead().Match(ReadmeProject.Readme).Groups[1].Value;
        using var app = new FileBasedApp(packages.NewFolder("App"), packages, "app.cs");
        app.Write(Spec, project.Read(Spec));
        // The count is a constant: it needs no libtorch, of which the app would have another copy.
        app.Write("app.cs", Regex.Replace(head, "^#:package TorchSharp-cpu.*\n", "", RegexOptions.Multiline) + """
            using Drawing;
            Console.WriteLine(TinyUNet.ParameterCount);
            """);
        app.Edit("app.cs", $"UNetGen@{Tree.Version}", $"UNetGen@{packages.Version}");
        Assert.Equal("1412867", app.RunApp());

        app.Edit(Spec, "[1, 2, 2]", "[1, 2]");
        Assert.Equal("829091", app.RunApp());

        app.Write("wide.unet.yaml", $"extends: {Spec}\ndim: 64\n");
        app.Edit("app.cs", "TinyUNet", "WideUNet");
        Assert.Equal("3053891", app.RunApp());

        // A base elsewhere, by the file that the error and the README show.
        app.Write("../shared/base.unet.yaml", app.Read(Spec));
        File.Delete(app.PathOf(Spec));
        app.Write("wide.unet.yaml", "extends: ../shared/base.unet.yaml\ndim: 64\n");
        string error = app.FailingBuild();
        string props = PropsBesideApp().Match(ReadmeProject.Readme).Value;
        Assert.Contains("error UNG0021: the project has no spec ../shared/base.unet.yaml; if the file is there, ", error);
        Assert.Equal(props, PropsBesideApp().Match(error).Value);
        app.Write("Directory.Build.props", props);
        Assert.Equal("3053891", app.RunApp());
        app.Edit("../shared/base.unet.yaml", "[1, 2]", "[1, 2, 2]");
        Assert.NotEqual("3053891", app.RunApp());

        File.Delete(app.PathOf("Directory.Build.props"));
        app.Edit("app.cs", "#:property RootNamespace", "#:property EnableDefaultUNetItems=false\n#:property RootNamespace");
        Assert.Contains(
            "EnableDefaultUNetItems is false, so no spec is taken that isn't listed: add to an ItemGroup of a Directory.Build.props beside the "
                + "app <AdditionalFiles Include=\"wide.unet.yaml\" />.",
            app.FailingBuild());
    }

    [Theory]
    [InlineData("TargetFramework")]
    [InlineData("TargetFrameworks")]
    public void The_schema_for_editors_is_put_beside_the_project_for_the_asking(string property)
    {
        const string schema = "unet.schema.json";
        var asking = new ConsumerProject(packages.NewFolder("Asking"), packages);
        asking.Write("Asking.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><{property}>net10.0</{property}></PropertyGroup>
              <ItemGroup>{asking.Reference("UNetGen")}</ItemGroup>
            </Project>
            """);
        asking.Restore();

        asking.Build("-t:UNetGenSchema");

        Assert.Equal(packages.Read("UNetGen", "schema/" + schema), File.ReadAllBytes(asking.PathOf(schema)));
        Assert.Contains("`dotnet build -t:UNetGenSchema`", ReadmeProject.Readme);
    }

    [GeneratedRegex(@"^```csharp\n(#:package .*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FileBasedHead();

    [GeneratedRegex("<Project><ItemGroup><AdditionalFiles .*? /></ItemGroup></Project>")]
    private static partial Regex PropsBesideApp();

    [GeneratedRegex(@"^```xml\n(<PropertyGroup>\n.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex EmittingProperties();
}
