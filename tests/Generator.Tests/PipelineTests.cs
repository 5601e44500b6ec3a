using CsCheck;
using Microsoft.CodeAnalysis;
using UNetGen.Generator.Diagnostics;
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
        var run = GeneratorHarness.RunTwice(null, ("a.unet.yaml", Spec), ("b.unet.yaml", Spec + "\nname: AUNet"), ("c.unet.yaml", "]"),
            ("d.unet.yaml", "extends: a.unet.yaml"));
        Assert.Equal(
            ["Bases", "Collisions", "Extended", "Network", "Parsed", "Paths", "Problems", "Project", "Read", "Sizes", "Source",
                "WithBases"],
            GeneratorRun.StepNames.Order());
        Assert.All(GeneratorRun.StepNames, step => Assert.NotEmpty(run.Outputs(step)));
    }

    [Fact]
    public void Editing_one_spec_of_three_runs_that_specs_steps_alone()
    {
        var project = Three();
        project.Edit("b.unet.yaml", Spec.Replace("dim: 16", "dim: 32"));
        var run = project.Run();
        Assert.Equal("b.unet.yaml", ((DiagnosedSpec)Assert.Single(Ran(run, Steps.Read))).Network.Path);
        Assert.Equal("b.unet.yaml", ((SpecNetwork)Assert.Single(Ran(run, Steps.Network))).Path);
        Assert.Equal("b.unet.g.cs", ((SourceFile)Assert.Single(Ran(run, Steps.Source))).HintName);
        Assert.Equal("b.unet.g.cs", Assert.Single(run.Written.OfType<SourceFile>()).HintName);
        Assert.All(run.Written.OfType<DiagnosticInfo>(), written =>
            Assert.EndsWith("/b.unet.yaml", written.Location.Path, StringComparison.Ordinal));
        foreach (var common in new[] { Steps.Project, Steps.Paths, Steps.Extended, Steps.Bases, Steps.Collisions })
            Assert.Empty(Ran(run, common));
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
        Assert.Equal("b.unet.yaml", ((DiagnosedSpec)Assert.Single(Ran(run, Steps.Read))).Network.Path);
        Assert.Empty(run.Changed(Steps.Network));
        Assert.Empty(Ran(run, Steps.Source));
        Assert.Empty(Ran(run, Steps.Collisions));
        Assert.Empty(run.Written.OfType<SourceFile>());
    }

    [Fact]
    public void A_comment_above_the_name_writes_nothing()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec + "\nname: Other"), ("b.unet.yaml", Spec));
        project.Run();
        project.Edit("a.unet.yaml", "# as wide as it goes\n" + Spec + "\nname: Other");
        Assert.Empty(project.Run().Written.OfType<SourceFile>());
    }

    [Fact]
    public void A_moved_error_is_reported_at_its_new_place_and_writes_nothing()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec.Replace("annotated", "anotated")));
        Assert.Equal(0, Line(project.Run()));
        project.Edit("a.unet.yaml", "# moved\n" + Spec.Replace("annotated", "anotated"));
        var run = project.Run();
        Assert.Equal(1, Line(run));
        Assert.Empty(Ran(run, Steps.Source));
        Assert.All(run.Written, written => Assert.IsType<DiagnosticInfo>(written));

        static int Line(GeneratorRun run) => Assert.Single(run.Diagnostics).Location.GetLineSpan().StartLinePosition.Line;
    }

    [Fact]
    public void A_moved_name_of_two_that_collide_writes_nothing()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec), ("b.unet.yaml", Spec + "\nname: AUNet"), ("c.unet.yaml", Spec));
        project.Run();
        project.Edit("b.unet.yaml", "\n" + Spec + "\nname: AUNet");
        var run = project.Run();
        Assert.Empty(Ran(run, Steps.Source));
        Assert.Equal(6, Assert.Single(run.Diagnostics).Location.GetLineSpan().StartLinePosition.Line);
    }

    [Fact]
    public void An_edit_of_unrelated_code_runs_nothing()
    {
        var project = Three();
        project.EditCode();
        project.Run().AssertNothingRanAgain();
    }

    [Theory]
    [InlineData("d.unet.yaml", "d.unet.g.cs", "DUNet")]
    [InlineData("small/b.unet.yaml", "small.b.unet.g.cs", "BUNet")]
    public void A_spec_that_is_renamed_or_moved_leaves_nothing_behind(string path, string source, string name)
    {
        var project = Three();
        project.Delete("b.unet.yaml");
        project.Add(path, Spec);
        var run = project.Run();
        Assert.Equal(["a.unet.g.cs", "c.unet.g.cs", source], run.Sources.Keys.Order());
        Assert.Contains($"class {name} ", run.Sources[source], StringComparison.Ordinal);
        Assert.DoesNotContain(run.Sources.Values, text =>
            text.Contains("b.unet.yaml", StringComparison.Ordinal) && !text.Contains(path, StringComparison.Ordinal));
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
    public void Deleting_the_spec_that_has_a_class_gives_it_to_the_other_and_writes_nothing_else()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec), ("b.unet.yaml", Spec + "\nname: AUNet"), ("c.unet.yaml", Spec));
        Assert.Equal("UNG0013", Assert.Single(project.Run().Diagnostics).Id);
        project.Delete("a.unet.yaml");
        var run = project.Run();
        Assert.Empty(run.Diagnostics);
        Assert.Equal(["b.unet.g.cs", "c.unet.g.cs"], run.Sources.Keys.Order());
        Assert.Equal("b.unet.g.cs",
            Assert.Single(run.Changed(Steps.Source).Cast<SourceFile>(), written => written.HintName != "a.unet.g.cs").HintName);
    }

    [Fact]
    public void After_any_edits_everything_is_as_in_a_project_just_opened()
    {
        var text = Gen.OneOf(
            Spec, "# a comment\n" + Spec, Spec + "\nname: BUNet", Spec.Replace("dim: 16", "dim: 32"), Spec.Replace("dim: 16", "dim: 15"),
            "dim: [", "extends: a.unet.yaml", "extends: b.unet.yaml\ndim: 48", "extends: ../b.unet.yaml");
        var edit = Gen.Select(Gen.OneOf("a.unet.yaml", "b.unet.yaml", "B.unet.yaml", "small/a.unet.yaml"), Gen.Int[0, 3], text);
        SpecGen.ForEach(edit.Array[1, 8], 100, edits =>
        {
            var files = new Dictionary<string, string>();
            var project = new GeneratorProject(ProjectOptions.Default, trackSteps: false);
            foreach (var (path, kind, text) in edits)
            {
                if (kind == 0 && files.Remove(path))
                    project.Delete(path);
                else if (files.ContainsKey(path))
                    project.Edit(path, files[path] = text);
                else
                    project.Add(path, files[path] = text);
                var run = project.Run();
                (string, string)[] all = [.. files.Select(file => (file.Key, file.Value))];
                var opened = new GeneratorProject(ProjectOptions.Default, trackSteps: false, all).Run();
                Assert.Equal(
                    opened.Sources.OrderBy(source => source.Key, StringComparer.Ordinal),
                    run.Sources.OrderBy(source => source.Key, StringComparer.Ordinal));
                Assert.Equal(
                    opened.Diagnostics.Select(diagnostic => diagnostic.ToString()),
                    run.Diagnostics.Select(diagnostic => diagnostic.ToString()));
            }
        });
    }

    [Fact]
    public void Other_files_are_left_alone()
    {
        var run = GeneratorHarness.Run(null, ("a.unet.yaml", Spec), ("a.yaml", "]"), ("unet.yaml.txt", "]"), ("B.UNET.YAML", Spec));
        Assert.Equal(["B.unet.g.cs", "a.unet.g.cs"], run.Sources.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Editing_a_base_runs_what_extends_it_and_no_other()
    {
        var project = Family();
        project.Edit("base.unet.yaml", Spec.Replace("dim: 16", "dim: 32"));
        var run = project.Run();
        Assert.Equal(["base.unet.yaml", "child.unet.yaml", "grandchild.unet.yaml"], ReadAgain(run).Order());
        Assert.Equal(["base.unet.g.cs", "child.unet.g.cs", "grandchild.unet.g.cs"], Written(run));
        Assert.All(run.Changed(Steps.Source), file => Assert.Contains("dim: 32", ((SourceFile)file).Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Editing_what_a_spec_says_itself_leaves_its_base_alone()
    {
        var project = Family();
        project.Edit("child.unet.yaml", "extends: base.unet.yaml\nchannels: 2");
        Assert.Equal(["child.unet.g.cs", "grandchild.unet.g.cs"], Written(project.Run()));
        project.Edit("grandchild.unet.yaml", "extends: child.unet.yaml\nchannels: 4");
        Assert.Equal(["grandchild.unet.yaml"], ReadAgain(project.Run()));
    }

    [Theory]
    [InlineData("alone.unet.yaml")]
    [InlineData("uncle.unet.yaml")]
    public void Editing_a_spec_that_others_do_not_extend_runs_nothing_of_theirs(string edited)
    {
        var project = Family();
        project.Edit(edited, Spec.Replace("dim: 16", "dim: 32"));
        var run = project.Run();
        Assert.DoesNotContain(run.Changed(Steps.WithBases), input =>
            ((FileWithBases)input).File.Path is "base.unet.yaml" or "child.unet.yaml" or "grandchild.unet.yaml");
        Assert.Equal(edited == "alone.unet.yaml" ? ["alone.unet.g.cs"] : ["cousin.unet.g.cs", "uncle.unet.g.cs"], Written(run));
    }

    [Theory]
    [InlineData("# the family's\n" + Spec)]
    [InlineData(Spec + " # levels")]
    [InlineData("channels:   3\n\n" + Spec)]
    public void An_edit_of_a_base_that_changes_no_meaning_reads_nothing_that_extends_it(string text)
    {
        var project = Family();
        project.Edit("base.unet.yaml", text.StartsWith("channels", StringComparison.Ordinal) ? text.Replace("\nchannels: 3", "") : text);
        var run = project.Run();
        Assert.Equal("base.unet.yaml", ((FileWithBases)Assert.Single(run.Changed(Steps.WithBases))).File.Path);
        Assert.Empty(run.Changed(Steps.Source));
    }

    [Fact]
    public void A_deleted_base_is_missed_where_it_is_extended_until_it_is_back()
    {
        var project = Family();
        project.Delete("base.unet.yaml");
        var run = project.Run();
        var missing = Assert.Single(run.Diagnostics);
        Assert.Equal(("UNG0021", "/project/child.unet.yaml"), (missing.Id, missing.Location.GetLineSpan().Path));
        Assert.Equal(["child.unet.g.cs", "grandchild.unet.g.cs"], run.Sources.Keys.Intersect(Written(run)).Order());
        project.Add("base.unet.yaml", Spec);
        run = project.Run();
        Assert.Empty(run.Diagnostics);
        Assert.Equal(["base.unet.g.cs", "child.unet.g.cs", "grandchild.unet.g.cs"], Written(run));
    }

    [Fact]
    public void A_broken_base_breaks_what_extends_it_until_it_is_mended()
    {
        var project = Family();
        project.Edit("base.unet.yaml", "preset: [");
        var run = project.Run();
        Assert.Equal("/project/base.unet.yaml", Assert.Single(run.Diagnostics).Location.GetLineSpan().Path);
        Assert.Equal(["base.unet.g.cs", "child.unet.g.cs", "grandchild.unet.g.cs"], Written(run));
        project.Edit("base.unet.yaml", Spec);
        run = project.Run();
        Assert.Empty(run.Diagnostics);
        Assert.All(run.Sources.Values, source => Assert.DoesNotContain(", which has errors", source, StringComparison.Ordinal));
    }

    [Fact]
    public void A_new_spec_reads_no_other_again()
    {
        var project = Family();
        project.Add("new.unet.yaml", Spec);
        Assert.Equal(["new.unet.yaml"], ReadAgain(project.Run()));
    }

    /// <summary>Three generations, two of another family, and a spec without any.</summary>
    private static GeneratorProject Family()
    {
        var project = new GeneratorProject(
            ("alone.unet.yaml", Spec), ("base.unet.yaml", Spec), ("child.unet.yaml", "extends: base.unet.yaml"),
            ("cousin.unet.yaml", "extends: uncle.unet.yaml"),
            ("grandchild.unet.yaml", "extends: child.unet.yaml"), ("uncle.unet.yaml", Spec));
        Assert.Empty(project.Run().Diagnostics);
        return project;
    }

    private static IEnumerable<string> Written(GeneratorRun run) =>
        run.Changed(Steps.Source).Select(file => ((SourceFile)file).HintName).Order();

    private static GeneratorProject Three()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec), ("b.unet.yaml", Spec), ("c.unet.yaml", Spec));
        Assert.Empty(project.Run().Diagnostics);
        return project;
    }

    /// <summary>The specs that were read again and say something new, or that are new.</summary>
    private static IEnumerable<string> ReadAgain(GeneratorRun run) =>
        run.Changed(Steps.Read).Select(file => ((DiagnosedSpec)file).Network.Path);

    /// <summary>The values of a step for which it ran at all, whether or not something else came out.</summary>
    private static IEnumerable<object> Ran(GeneratorRun run, string step) =>
        run.Outputs(step).Where(output => output.Reason != IncrementalStepRunReason.Cached).Select(output => output.Value);
}
