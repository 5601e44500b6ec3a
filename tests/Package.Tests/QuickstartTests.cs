using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>The quickstart of the READMEs: two files, one command, on a machine with the SDK alone.</summary>
[Collection(nameof(PackedTree))]
public sealed class QuickstartTests(PackedTree packages)
{
    [Fact]
    public void Two_files_train_and_draw_and_a_changed_spec_is_another_network_that_old_checkpoints_do_not_need()
    {
        var app = packages.Quickstart;
        Assert.StartsWith("TinyUNet (1,412,867 parameters, tiny.unet.yaml) on 65,536 shapes", app.Trained);
        Assert.All(
            ["samples.png", "noise-to-picture.png", "loss.png", "run.yaml", "log.jsonl"],
            file => Assert.True(new FileInfo(app.PathOf($"{Quickstart.FirstRun}/{file}")).Length > 0, file));

        app.Edit(Quickstart.Spec, "[1, 2, 2]", "[1, 2]");
        Assert.Contains("829,091", app.RunApp("explain", "tiny"));

        // Its spec is compiled while the app runs, and what it wrote about itself is read again: JSON, YAML.
        app.RunAgain("sample", "--checkpoint", Quickstart.FirstRun, "--steps", "1", "--count", "1", "--out", "again.png");
        Assert.True(File.Exists(app.PathOf("again.png")));
        app.RunAgain("report", Quickstart.FirstRun);
        Assert.Contains("1,412,867", app.Read($"{Quickstart.FirstRun}/report.html"));
        app.Edit(Quickstart.Spec, "[1, 2]", "[1, 2, 2]");
    }

    [Theory]
    [InlineData("src/Package/README.md")]
    [InlineData("src/Cli/README.md")]
    public void Every_README_shows_the_same_two_files(string page)
    {
        var files = PageFiles.Of(File.ReadAllText(Tree.PathOf("README.md")));

        Assert.Equal(["draw.cs", Quickstart.Spec], files.Keys.Order());
        Assert.All(files.Values, file => Assert.Contains(file, File.ReadAllText(Tree.PathOf(page))));
    }
}
