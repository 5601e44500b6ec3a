using Microsoft.CodeAnalysis;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>What is said of a network's size: as information to who asks, above the project's bound as a warning.</summary>
public sealed class SizeTests
{
    private const string Spec = """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """;

    [Fact]
    public void A_whole_spec_says_what_it_costs_at_its_name()
    {
        var run = GeneratorHarness.Run("# first\n" + Spec + "\nname: SmallUNet");
        var size = Assert.Single(run.Information);
        Assert.Equal(DiagnosticSeverity.Info, size.Severity);
        Assert.Equal((6, 6), (size.Location.GetLineSpan().StartLinePosition.Line, size.Location.GetLineSpan().StartLinePosition.Character));
        Assert.Equal("SmallUNet".Length, size.Location.SourceSpan.Length);
        Assert.Equal(
            "UNG0025: SmallUNet: 235,299 parameters (in 5,312, level 0 52,704, level 1 105,568, mid 62,048, out 9,667); "
            + "0.059 GFLOP forward per image; downsampling factor 2",
            $"{size.Id}: {size.GetMessage()}");
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData(" True ", true)]
    [InlineData("yes", true)]
    [InlineData("On", true)]
    [InlineData("false", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Only_a_project_that_asks_is_told(string? asks, bool told)
    {
        var run = GeneratorHarness.RunTwice(new ProjectOptions("Shop.Models", GeneratorProject.Directory, reportSizes: asks),
            ("a.unet.yaml", Spec));
        Assert.Equal(told ? 1 : 0, run.Information.Count);
    }

    [Fact]
    public void Without_a_name_it_stands_at_the_first_key()
    {
        var size = Assert.Single(GeneratorHarness.Run("# first\n" + Spec).Information);
        Assert.Equal("# first\n".Length, size.Location.SourceSpan.Start);
        Assert.Equal("preset".Length, size.Location.SourceSpan.Length);
    }

    [Fact]
    public void What_it_says_is_what_the_class_has()
    {
        foreach (var spec in Specimens.Good)
        {
            var run = GeneratorHarness.Run(spec);
            var message = Assert.Single(run.Information).GetMessage();
            var count = long.Parse(
                message[(message.IndexOf(':') + 2)..message.IndexOf(" param", StringComparison.Ordinal)].Replace(",", ""));
            Assert.Contains($"ParameterCount = {count};", run.Source, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Operations_beyond_64_bits_are_as_many_as_these_hold()
    {
        var run = GeneratorHarness.Run(
            "preset: adm\nimage_size: 4096\nchannels: 3\ndim: 16384\nchannel_multipliers: [1]\nblocks_per_level: 64\nattention: none",
            ProjectOptions.Unbounded);
        Assert.Contains("; 9,223,372,037 GFLOP forward per image;", Assert.Single(run.Information).GetMessage(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_spec_says_nothing_of_its_size() =>
        Assert.Empty(GeneratorHarness.RunTwice(null, ("a.unet.yaml", Specimens.Broken)).Information);

    [Theory]
    [InlineData("235299", "no")]
    [InlineData(" 235299 ", "no")]
    [InlineData("235298",
        "UNG0024: TinyUNet has 235,299 parameters (941 kB of float32), the most in level 1, 32 wide: 105,568; "
        + "the project allows 235,298: use a smaller dim or smaller multipliers, or raise UNetGenMaxParameters")]
    [InlineData("1",
        "UNG0024: TinyUNet has 235,299 parameters (941 kB of float32), the most in level 1, 32 wide: 105,568; "
        + "the project allows 1: use a smaller dim or smaller multipliers, or raise UNetGenMaxParameters")]
    [InlineData("0", "UNG0024: the project's UNetGenMaxParameters is '0'; it must be a whole number from 1, in digits alone")]
    [InlineData("1e9", "UNG0024: the project's UNetGenMaxParameters is '1e9'; it must be a whole number from 1, in digits alone")]
    [InlineData("1,000", "UNG0024: the project's UNetGenMaxParameters is '1,000'; it must be a whole number from 1, in digits alone")]
    [InlineData("-1", "UNG0024: the project's UNetGenMaxParameters is '-1'; it must be a whole number from 1, in digits alone")]
    public void A_project_sets_its_own_bound(string bound, string warning)
    {
        var run = GeneratorHarness.RunTwice(WithBound(bound), ("tiny.unet.yaml", Spec));
        Assert.Equal(warning,
            run.Diagnostics.Select(diagnostic => $"{diagnostic.Id}: {diagnostic.GetMessage()}").SingleOrDefault() ?? "no");
        Assert.All(run.Diagnostics, diagnostic => Assert.Equal(DiagnosticSeverity.Warning, diagnostic.Severity));
        Assert.Contains("ParameterCount = 235299;", run.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_bound_of_its_own_a_thousand_million() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «1024»
        channel_multipliers: [1, 2, 4]
        """,
        "UNG0024: TinyUNet has 2,409,467,907 parameters (9.6 GB of float32), the most in level 2, 4096 wide: 1,211,248,640; "
        + "the project allows 1,000,000,000: use a smaller dim or smaller multipliers, or raise UNetGenMaxParameters");

    [Fact]
    public void A_time_embedding_can_be_what_is_too_large() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «16»
        channel_multipliers: [1, 2]
        time_emb_dim: 40000
        """,
        "UNG0024: TinyUNet has 1,620,119,331 parameters (6.5 GB of float32), the most in the first convolution and the time embedding: "
        + "1,600,720,064; the project allows 1,000,000,000: use a smaller time_emb_dim or init_dim, or raise UNetGenMaxParameters");

    [Fact]
    public void A_new_bound_writes_nothing_anew()
    {
        var project = new GeneratorProject(("tiny.unet.yaml", Spec));
        Assert.Empty(project.Run().Diagnostics);
        project.SetOptions(WithBound("1000"));
        var run = project.Run();
        Assert.Single(run.Diagnostics);
        Assert.Empty(run.Changed(Steps.Source));
    }

    [Fact]
    public void A_comment_moves_it_and_writes_nothing()
    {
        var project = new GeneratorProject(ProjectOptions.Default, ("tiny.unet.yaml", Spec));
        var before = Assert.Single(project.Run().Information);
        project.Edit("tiny.unet.yaml", "# two\n# lines\n" + Spec);
        var run = project.Run();
        var after = Assert.Single(run.Information);
        Assert.Equal((0, 2), (before.Location.GetLineSpan().StartLinePosition.Line, after.Location.GetLineSpan().StartLinePosition.Line));
        Assert.Equal(before.GetMessage(), after.GetMessage());
        Assert.Empty(run.Changed(Steps.Source));
    }

    private static ProjectOptions WithBound(string bound) => new("Shop.Models", GeneratorProject.Directory, bound);
}
