using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Specs that want the same class, or the same file.</summary>
public sealed class CollisionErrorTests
{
    private const string Spec = "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1, 2]\n";

    [Fact]
    public void The_second_of_two_specs_with_the_same_name_is_shown_at_its_name() => AssertCollision(
        ["a.g.cs"], [("a.unet.yaml", Spec + "name: Tiny"), ("b.unet.yaml", Spec + "name: «Tiny»")],
        "UNG0013: the class Shop.Models.Tiny is already that of a.unet.yaml; give this spec a name of its own, as `name: AnotherTiny`");

    [Fact]
    public void The_proposed_names_are_free_and_each_another() => AssertCollision(
        ["a.g.cs", "d.g.cs"],
        [("a.unet.yaml", Spec + "name: Tiny"), ("b.unet.yaml", Spec + "name: «Tiny»"), ("c.unet.yaml", Spec + "name: «Tiny»"),
            ("d.unet.yaml", Spec + "name: AnotherTINY")],
        "UNG0013: the class Shop.Models.Tiny is already that of a.unet.yaml; give this spec a name of its own, as `name: AnotherTiny2`",
        "UNG0013: the class Shop.Models.Tiny is already that of a.unet.yaml; give this spec a name of its own, as `name: AnotherTiny3`");

    [Fact]
    public void Names_are_compared_without_case() => AssertCollision(
        ["a.g.cs"], [("b.unet.yaml", Spec + "name: «TINY»"), ("a.unet.yaml", Spec + "name: Tiny")],
        "UNG0013: the class Shop.Models.TINY differs by case alone from Shop.Models.Tiny, that of a.unet.yaml, which file systems don't tell "
        + "apart; give this spec a name of its own, as `name: AnotherTINY`");

    [Fact]
    public void A_name_by_default_collides_too_and_is_shown_at_the_first_key() => AssertCollision(
        ["a.tiny.g.cs"], [("a/tiny.unet.yaml", Spec), ("b/tiny.unet.yaml", Spec.Replace("preset", "«preset»"))],
        "UNG0013: the class Shop.Models.TinyUNet is already that of a/tiny.unet.yaml; "
        + "give this spec a name of its own, as `name: AnotherTinyUNet`, or, as it lies in another folder, a `namespace` of its own");

    [Fact]
    public void A_copy_in_a_folder_that_the_project_was_published_into_is_left_out_of_it() => AssertCollision(
        ["a_b.tiny-8e3bf9f1.g.cs"], [("a;b/tiny.unet.yaml", Spec), ("tiny.unet.yaml", Spec.Replace("preset", "«preset»"))],
        "UNG0013: the class Shop.Models.TinyUNet is already that of a;b/tiny.unet.yaml; "
        + "give this spec a name of its own, as `name: AnotherTinyUNet`, or, as it lies in another folder, a `namespace` of its own. "
        + "If a;b/tiny.unet.yaml is a copy, as a build makes one, leave it out of the project: "
        + "<AdditionalFiles Remove=\"a%3Bb/tiny.unet.yaml\" />");

    [Fact]
    public void Other_namespaces_are_other_classes() =>
        Assert.Equal(2,
            GeneratorHarness.Run(null, ("a/tiny.unet.yaml", Spec), ("b/tiny.unet.yaml", Spec + "namespace: Shop.Other")).Sources.Count);

    [Fact]
    public void A_class_called_like_the_namespace_of_another() => AssertCollision(
        ["a.g.cs", "c.g.cs"],
        [("a.unet.yaml", Spec + "namespace: Shop.Nets.Small"), ("b.unet.yaml", Spec + "name: «Nets»\nnamespace: Shop"),
            ("c.unet.yaml", Spec + "name: Net\nnamespace: Shop")],
        "UNG0013: the class Shop.Nets has the name of a namespace, in which the class of a.unet.yaml is; give it another name");

    [Fact]
    public void Files_that_differ_by_case_alone() => AssertCollision(
        ["Tiny.g.cs"], [("Tiny.unet.yaml", Spec + "name: A"), ("tiny.unet.yaml", Spec + "name: «B»")],
        "UNG0013: this file's name differs from Tiny.unet.yaml by case alone; rename one of them");

    [Fact]
    public void A_spec_that_the_project_lists_twice()
    {
        var run = GeneratorHarness.RunTwice(null, ("a.unet.yaml", Spec), (GeneratorProject.Directory + "a.unet.yaml", Spec));
        const string expected = "UNG0013: the project lists a.unet.yaml twice among its AdditionalFiles; once is enough";
        Assert.All(run.Diagnostics, diagnostic => Assert.Equal(expected, $"{diagnostic.Id}: {diagnostic.GetMessage()}"));
        Assert.NotEmpty(run.Diagnostics);
    }

    [Fact]
    public void A_broken_spec_keeps_its_name_from_others()
    {
        var run = GeneratorHarness.RunTwice(null, ("a.unet.yaml", "name: Tiny\ndim: ["), ("b.unet.yaml", Spec + "name: Tiny"));
        Assert.Equal(["UNG0001", "UNG0013"], run.Diagnostics.Select(diagnostic => diagnostic.Id));
        Assert.Contains("class Tiny ", run.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void A_collision_mended_leaves_both_classes()
    {
        var project = new GeneratorProject(("a.unet.yaml", Spec + "name: Tiny"), ("b.unet.yaml", Spec + "name: Tiny"));
        Assert.Single(project.Run().Diagnostics);
        project.Edit("b.unet.yaml", Spec + "name: Other");
        var run = project.Run();
        Assert.Empty(run.Diagnostics);
        Assert.Equal(2, run.Sources.Count);
    }

    private static void AssertCollision(string[] sources, (string Path, string Marked)[] files, params string[] problems)
    {
        var run = GeneratorHarness.RunTwice(null, [.. files.Select(file => (file.Path, Errors.Strip(file.Marked).Text))]);
        Assert.Equal(sources, run.Sources.Keys.Select(hint => hint.Replace(".unet", "")));
        Errors.In(files, problems);
    }
}
