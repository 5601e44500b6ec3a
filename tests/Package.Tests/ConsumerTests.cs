using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>What a user's project has of the packages: built and run as a user does it, outside the tree.</summary>
[Collection(nameof(PackedTree))]
public sealed class ConsumerTests
{
    private const string Spec = "tiny.unet.yaml";
    private readonly PackedTree packages;
    private readonly ReadmeProject project;

    public ConsumerTests(PackedTree packages)
    {
        this.packages = packages;
        project = packages.Project;
        project.Reset();
    }

    [Fact]
    public void The_READMEs_project_builds_without_a_warning_and_prints_what_the_README_says()
    {
        project.Build();

        string printed = project.Run();

        Assert.Equal("2 x 3 x 16 x 16, 1412867 parameters", printed);
        Assert.Contains($"prints `{printed}`", ReadmeProject.Readme);
    }

    [Fact]
    public void A_build_compiles_where_only_a_spec_was_edited_and_else_not()
    {
        project.Build();
        var compiled = project.Compiled;

        project.Build();
        Assert.Equal(compiled, project.Compiled);

        project.Edit(Spec, "[1, 2, 2]", "[1, 2]");
        project.Build();
        Assert.NotEqual(compiled, project.Compiled);
        Assert.Equal("2 x 3 x 16 x 16, 829091 parameters", project.Run());
    }

    [Fact]
    public void A_spec_that_is_replaced_by_an_older_file_is_another_network()
    {
        project.Build();
        var compiled = project.Compiled;

        project.Edit(Spec, "[1, 2, 2]", "[1, 2]");
        File.SetLastWriteTimeUtc(project.PathOf(Spec), new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        project.Build();

        Assert.NotEqual(compiled, project.Compiled);
        Assert.Equal("2 x 3 x 16 x 16, 829091 parameters", project.Run());
    }

    [Fact]
    public void A_spec_that_is_renamed_or_deleted_leaves_no_class_behind()
    {
        project.Build();

        File.Move(project.PathOf(Spec), project.PathOf("small.unet.yaml"));
        Assert.Contains("error CS0246: The type or namespace name 'TinyUNet' could not be found", project.TryBuild().Output);

        project.Edit("Program.cs", "TinyUNet", "SmallUNet");
        project.Edit("Training.cs", "TinyUNet", "SmallUNet");
        project.Edit("Loading.cs", "TinyUNet", "SmallUNet");
        project.Build();
        Assert.Equal("2 x 3 x 16 x 16, 1412867 parameters", project.Run());

        File.Delete(project.PathOf("small.unet.yaml"));
        Assert.Contains("error CS0246: The type or namespace name 'Drawing' could not be found", project.TryBuild().Output);
    }

    [Fact]
    public void A_mistake_in_a_spec_fails_the_build_at_its_line_and_column_and_as_nothing_else()
    {
        project.Edit(Spec, "dim: 32", "dim: 33");

        var result = project.TryBuild();

        Assert.Equal(1, result.ExitCode);
        // Once while building, once more in the summary.
        string error = Assert.Single(result.Output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).Distinct());
        Assert.StartsWith($"{project.PathOf(Spec)}(5,6): error UNG0014: dim 33", error);
    }

    [Fact]
    public void An_analyzer_with_another_YamlDotNet_runs_beside_the_generator_each_with_its_own()
    {
        project.Edit("Drawing.csproj", "<ItemGroup>", $"""<ItemGroup><Analyzer Include="{Tree.OtherAnalyzer}/*.dll" />""");
        project.Edit(
            "Program.cs", "Console.WriteLine(",
            "Console.WriteLine(OtherAnalyzer.YamlDotNet + \" found \" + OtherAnalyzer.Keys + \" keys, \" + ");

        project.Build();

        Assert.Equal("13.0.0.0 found 5 keys, 2 x 3 x 16 x 16, 1412867 parameters", project.Run());
        Assert.NotEqual(
            File.ReadAllBytes(Path.Combine(Tree.OtherAnalyzer, "YamlDotNet.dll")),
            packages.Read("UNetGen", "analyzers/dotnet/cs/YamlDotNet.dll"));
    }
}
