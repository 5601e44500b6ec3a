using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>What runs again after an edit, and what doesn't: an IDE runs the generator at every keystroke.</summary>
public sealed class PipelineTests
{
    private const string Spec = """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """;

    [Fact]
    public void Every_named_step_is_tracked()
    {
        var run = GeneratorHarness.RunTwice(null, ("a.unet.yaml", Spec), ("b.unet.yaml", Spec + "\nname: AUNet"), ("c.unet.yaml", "]"));
        Assert.Equal(["Collisions", "Network", "Problems", "Project", "Read", "Sizes", "Source"], GeneratorRun.StepNames.Order());
        Assert.All(GeneratorRun.StepNames, step => Assert.NotEmpty(run.Outputs(step)));
    }

    [Fact]
    public void Editing_one_spec_of_three_runs_that_specs_steps_alone()
    {
        var project = Three();
        project.Edit("b.unet.yaml", Spec.Replace("dim: 16", "dim: 32"));
        var run = project.Run();
        Assert.Equal(["b.unet.yaml"], ReadAgain(run));
        Assert.Equal("b.unet.yaml", ((SpecNetwork)Assert.Single(run.Changed(Steps.Network))).Path);
        Assert.Equal("b.unet.g.cs", ((SourceFile)Assert.Single(run.Changed(Steps.Source))).HintName);
        Assert.Empty(run.Changed(Steps.Collisions));
        Assert.Contains("dim: 32", run.Sources["b.unet.g.cs"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n\n" + Spec)]
    [InlineData(Spec + "   # as wide as it goes")]
    [InlineData("# as wide as it goes\n" + Spec)]
    [InlineData("dim:    16\nchannel_multipliers: [ 1,2 ]\npreset: annotated\nchannels: 3\nimage_size: [16, 16]\ngroups: 4")]
    public void An_edit_that_changes_no_meaning_writes_nothing(string text)
    {
        var project = Three();
        project.Edit("b.unet.yaml", text);
        var run = project.Run();
        Assert.Empty(run.Changed(Steps.Network));
        Assert.Empty(run.Changed(Steps.Source));
    }

    [Fact]
    public void A_moved_error_is_reported_at_its_new_place_and_writes_nothing()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec.Replace("annotated", "anotated")));
        Assert.Equal(0, Line(project.Run()));
        project.Edit("a.unet.yaml", "# moved\n" + Spec.Replace("annotated", "anotated"));
        var run = project.Run();
        Assert.Equal(1, Line(run));
        Assert.Empty(run.Changed(Steps.Source));

        static int Line(GeneratorRun run) => Assert.Single(run.Diagnostics).Location.GetLineSpan().StartLinePosition.Line;
    }

    [Fact]
    public void A_moved_name_of_two_that_collide_writes_nothing()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec), ("b.unet.yaml", Spec + "\nname: AUNet"), ("c.unet.yaml", Spec));
        project.Run();
        project.Edit("b.unet.yaml", "\n" + Spec + "\nname: AUNet");
        var run = project.Run();
        Assert.Empty(run.Changed(Steps.Source));
        Assert.Equal(6, Assert.Single(run.Diagnostics).Location.GetLineSpan().StartLinePosition.Line);
    }

    [Fact]
    public void An_edit_of_unrelated_code_runs_nothing()
    {
        var project = Three();
        project.EditCode();
        project.Run().AssertNothingRanAgain();
    }

    [Fact]
    public void A_renamed_spec_leaves_nothing_behind()
    {
        var project = Three();
        project.Delete("b.unet.yaml");
        project.Add("d.unet.yaml", Spec);
        var run = project.Run();
        Assert.Equal(["a.unet.g.cs", "c.unet.g.cs", "d.unet.g.cs"], run.Sources.Keys.Order());
        Assert.Contains("class DUNet ", run.Sources["d.unet.g.cs"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_deleted_spec_leaves_nothing_behind_not_even_its_errors()
    {
        var project = Three();
        project.Edit("b.unet.yaml", "preset: x");
        Assert.NotEmpty(project.Run().Diagnostics);
        project.Delete("b.unet.yaml");
        var run = project.Run();
        Assert.Empty(run.Diagnostics);
        Assert.Equal(["a.unet.g.cs", "c.unet.g.cs"], run.Sources.Keys.Order());
    }

    [Fact]
    public void Other_files_are_left_alone()
    {
        var run = GeneratorHarness.Run(null, ("a.unet.yaml", Spec), ("a.yaml", "]"), ("unet.yaml.txt", "]"), ("B.UNET.YAML", Spec));
        Assert.Equal(["B.unet.g.cs", "a.unet.g.cs"], run.Sources.Keys.Order(StringComparer.Ordinal));
    }

    private static GeneratorProject Three()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec), ("b.unet.yaml", Spec), ("c.unet.yaml", Spec));
        Assert.Empty(project.Run().Diagnostics);
        return project;
    }

    /// <summary>The specs that were read again and say something new, or that are new.</summary>
    private static IEnumerable<string> ReadAgain(GeneratorRun run) => run.Outputs(Steps.Read)
        .Where(output => output.Reason is Microsoft.CodeAnalysis.IncrementalStepRunReason.Modified or Microsoft.CodeAnalysis.IncrementalStepRunReason.New)
        .Select(output => ((SpecFile)output.Value).Network.Path);
}
