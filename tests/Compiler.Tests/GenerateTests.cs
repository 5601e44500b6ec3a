namespace UNetGen.Compiler.Tests;

/// <summary>Source and diagnostics without a build are those of the build.</summary>
public sealed class GenerateTests : IDisposable
{
    private const string Tiny = """
        preset: lucidrains
        image_size: 8
        channels: 3
        dim: 8
        channel_multipliers: [1, 2]
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("unetgen-compiler-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Tree.Specs), MemberType = typeof(Tree))]
    public void What_is_generated_is_what_the_build_of_these_tests_emitted(string path)
    {
        var generated = SpecCompiler.Generate(path, Tree.Options);

        Assert.Equal(File.ReadAllText(Path.Combine(Tree.EmittedFiles, generated.HintName)), generated.Source);
        Assert.Empty(generated.Diagnostics);
        Assert.Equal(path, generated.Path);
    }

    [Fact]
    public void Class_and_namespace_are_the_specs_own_before_the_projects()
    {
        var named = SpecCompiler.Generate("Specs/adm.unet.yaml", Tree.Options);
        var other = SpecCompiler.Generate("Specs/nested/wide.unet.yaml", Tree.Options);

        Assert.Equal(("ClassesUNet", "Drawing.Classes"), (named.ClassName, named.Namespace));
        Assert.Equal(("WideUNet", "UNetGen.Compiler.Tests"), (other.ClassName, other.Namespace));
    }

    [Fact]
    public void A_text_gives_what_its_file_would()
    {
        var file = SpecCompiler.Generate(Write("tiny.unet.yaml", Tiny));
        var text = SpecCompiler.GenerateText(Tiny, "tiny.unet.yaml");

        Assert.Equal((file.Source, file.HintName), (text.Source, text.HintName));
        Assert.Equal("TinyUNet", text.ClassName);
    }

    [Fact]
    public void A_class_is_internal_where_the_project_says_so()
    {
        var shown = SpecCompiler.GenerateText(Tiny, "tiny.unet.yaml").Source;
        var hidden = SpecCompiler.GenerateText(Tiny, "tiny.unet.yaml", new SpecOptions { Internal = true }).Source;

        Assert.Equal(shown.Replace("\npublic sealed partial class", "\ninternal sealed partial class"), hidden);
        Assert.NotEqual(shown, hidden);
    }

    [Fact]
    public void An_error_stands_at_its_line_and_column_and_the_class_has_its_signature()
    {
        var generated = SpecCompiler.GenerateText(Tiny.Replace("dim: 8", "dim: 33"), "specs/tiny.unet.yaml");

        var error = Assert.Single(generated.Diagnostics);
        Assert.StartsWith("specs/tiny.unet.yaml(4,6): error UNG0014: dim 33", error.ToString());
        Assert.True(generated.HasErrors);
        Assert.Contains("specs/tiny.unet.yaml, which has errors", generated.Source);
    }

    [Fact]
    public void A_warning_is_no_error()
    {
        var generated = SpecCompiler.GenerateText(Tiny, options: new() { MaxParameters = 10, ReportSizes = true });

        Assert.Equal([("UNG0025", SpecSeverity.Info), ("UNG0024", SpecSeverity.Warning)],
            generated.Diagnostics.Select(diagnostic => (diagnostic.Id, diagnostic.Severity)));
        Assert.False(generated.HasErrors);
    }

    [Fact]
    public void Extended_specs_are_read_from_the_disk_and_their_errors_told_with_their_places()
    {
        Write("bases/first.unet.yaml", Tiny.Replace("dim: 8", "dim: 33"));
        Write("bases/second.unet.yaml", "extends: first.unet.yaml\nchannels: 1\n");
        var path = Write("mine/third.unet.yaml", "extends: ../bases/second.unet.yaml\nnum_classes: 0\n");

        var generated = SpecCompiler.Generate(path, new() { ProjectFolder = folder });

        Assert.Equal(
            ["mine/third.unet.yaml(2,14): UNG0008", "bases/first.unet.yaml(4,6): UNG0014"],
            generated.Diagnostics.Select(error => $"{error.Path}({error.Line},{error.Column}): {error.Id}"));
    }

    [Theory]
    [InlineData("missing.unet.yaml", "UNG0021")]
    [InlineData("self.unet.yaml", "UNG0022")]
    [InlineData("../self.yaml", "UNG0021")]
    public void A_base_that_is_not_there_is_an_error_of_the_spec(string extends, string rule)
    {
        Write("../self.yaml".TrimStart('.', '/'), Tiny);
        var generated = SpecCompiler.Generate(Write("self.unet.yaml", $"extends: {extends}\n"));

        Assert.Contains(generated.Diagnostics, diagnostic => diagnostic.Id == rule);
    }

    [Theory]
    [InlineData("base", "there is no spec base; did you mean 'base.unet.yaml'?")]
    [InlineData("BASE.unet.yaml", "there is no spec BASE.unet.yaml; did you mean 'base.unet.yaml'?")]
    [InlineData(
        "../else/where.unet.yaml",
        "there is no spec ../else/where.unet.yaml; its path begins at this spec's own folder, and its name ends in .unet.yaml")]
    public void A_base_that_no_disk_has_is_told_by_what_lies_beside_the_spec_and_not_by_what_a_project_would_list(
        string extends, string told)
    {
        Write("base.unet.yaml", Tiny);
        var generated = SpecCompiler.Generate(Write("own.unet.yaml", $"extends: {extends}\n"), new() { ProjectFolder = folder });

        Assert.Equal(told, Assert.Single(generated.Diagnostics).Message);
    }

    [Fact]
    public void Nothing_that_is_returned_names_a_folder_of_this_machine()
    {
        Write("base.unet.yaml", Tiny + "\nfoo: 1");
        var generated = SpecCompiler.Generate(Write("deep/own.unet.yaml", "extends: ../base.unet.yaml\nbar: 2\n"));

        string[] all = [generated.Source, generated.Path, generated.HintName, .. generated.Diagnostics.Select(one => $"{one}")];
        Assert.All(all, text => Assert.DoesNotContain(Path.GetFileName(folder), text));
        Assert.Equal(2, generated.Diagnostics.Count);
    }

    [Fact]
    public void Several_specs_are_checked_as_one_project()
    {
        string[] paths = [Write("a/tiny.unet.yaml", Tiny), Write("b/tiny.unet.yaml", Tiny), Write("b/wrong.unet.yaml", Tiny + "\nfoo: 1")];

        var found = SpecCompiler.Check(paths, new() { ProjectFolder = folder });

        Assert.Equal(["b/tiny.unet.yaml: UNG0013", "b/wrong.unet.yaml: UNG0004"], found.Select(one => $"{one.Path}: {one.Id}"));
        var collided = SpecCompiler.Generate(paths[1], new() { ProjectFolder = folder, OtherSpecs = paths });
        Assert.Equal(("UNG0013", ""), (Assert.Single(collided.Diagnostics).Id, collided.Source));
    }

    /// <summary>Of this length it took minutes when the work grew with a power of the number of specs.</summary>
    [Fact]
    public void A_long_chain_is_checked_at_once_and_each_spec_of_it_is_known()
    {
        string[] paths =
        [
            Write("base.unet.yaml", Tiny),
            .. Enumerable.Range(0, 400).Select(i => Write($"k{i}.unet.yaml", $"extends: {(i == 0 ? "base" : $"k{i - 1}")}.unet.yaml")),
        ];

        var found = SpecCompiler.Check(paths, new() { ProjectFolder = folder });

        // 8 of the chain build on 8 others at most.
        Assert.Equal(paths.Skip(9).Select(Path.GetFileName), found.Where(one => one.Id == "UNG0011").Select(one => one.Path));
        var options = new SpecOptions { ProjectFolder = folder, OtherSpecs = paths };
        Assert.Contains("class K7UNet ", SpecCompiler.Generate(paths[8], options).Source, StringComparison.Ordinal);
        Assert.Equal("UNG0011", Assert.Single(SpecCompiler.Generate(paths[9], options).Diagnostics).Id);
    }

    [Fact]
    public void A_file_that_is_not_there_or_has_another_name_is_refused()
    {
        var missing = Assert.Throws<UNetGenException>(() => SpecCompiler.Generate(Path.Combine(folder, "none.unet.yaml")));
        var renamed = Assert.Throws<UNetGenException>(() => SpecCompiler.Generate(Write("tiny.yaml", Tiny)));

        Assert.Equal($"There is no spec {Path.Combine(folder, "none.unet.yaml")}.", missing.Message);
        Assert.StartsWith("A spec's file is called NAME.unet.yaml, and ", renamed.Message);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
