using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Full attention over more tokens than the language takes for usual: a warning, so the class is whole.</summary>
public sealed class ManyTokensTests
{
    [Fact]
    public void As_many_tokens_as_are_usual() => GeneratorHarness.Run(
        """
        preset: lucidrains
        image_size: 128
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """);

    [Fact]
    public void By_default_it_is_shown_at_the_image() => Errors.In(
        """
        preset: lucidrains
        image_size: ««[128, 130]»»
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0023: full attention at level 1 is over 4,160 tokens (64 x 65): its scores take 69 MB per image and head, "
        + "277 MB for all 4 heads (float32); use linear attention there, or a smaller image",
        "UNG0023: full attention in the middle is over 4,160 tokens (64 x 65): its scores take 69 MB per image and head, "
        + "277 MB for all 4 heads (float32); use mid: none, more levels or a smaller image");

    [Fact]
    public void A_level_that_is_given_is_shown_itself() => Errors.In(
        """
        preset: lucidrains
        image_size: 1024
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          levels: [«full», none]
          mid: «full»
          heads: 1
        """,
        "UNG0023: full attention at level 0 is over 1,048,576 tokens (1024 x 1024): its scores take 4.4 TB per image and head (float32); "
        + "use linear attention there, or a smaller image",
        "UNG0023: full attention in the middle is over 262,144 tokens (512 x 512): its scores take 275 GB per image and head (float32); "
        + "use mid: none, more levels or a smaller image");

    [Fact]
    public void A_resolution_is_shown_itself() => Errors.In(
        """
        preset: annotated
        image_size: 256
        channels: 3
        dim: 16
        channel_multipliers: [1, 2, 4]
        attention:
          resolutions: [64, «128», «256»]
        """,
        "UNG0023: full attention at level 1 is over 16,384 tokens (128 x 128): its scores take 1.1 GB per image and head, "
        + "4.3 GB for all 4 heads (float32); leave this size out, or use a smaller image",
        "UNG0023: full attention at level 0 is over 65,536 tokens (256 x 256): its scores take 17 GB per image and head, "
        + "69 GB for all 4 heads (float32); leave this size out, or use a smaller image");

    [Fact]
    public void Linear_attention_may_see_as_many_as_it_likes() => GeneratorHarness.Run(
        """
        preset: annotated
        image_size: 1024
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention: { mid: none }
        """);

    [Fact]
    public void Beside_an_error_it_is_reported_too() => Errors.In(
        """
        preset: annotated
        image_size: «256»
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          «min_snr_gamma»: 5
        """,
        "UNG0023: full attention in the middle is over 16,384 tokens (128 x 128): "
        + "its scores take 1.1 GB per image and head, 4.3 GB for all 4 heads (float32); use mid: none, more levels or a smaller image",
        "UNG0018: 'diffusion.min_snr_gamma' would have no effect: it belongs to loss_weight: min_snr; leave it out, or say that");

    // What NoWarn and a .globalconfig set; a spec is no C# file, so the sections of an .editorconfig don't reach it
    // (docs/rules/UNG0023.md).
    [Theory]
    [InlineData(ReportDiagnostic.Suppress, null)]
    [InlineData(ReportDiagnostic.Error, DiagnosticSeverity.Error)]
    [InlineData(ReportDiagnostic.Info, DiagnosticSeverity.Info)]
    public void A_project_can_silence_it_or_raise_it(ReportDiagnostic wanted, DiagnosticSeverity? severity)
    {
        const string spec = "preset: annotated\nimage_size: 256\nchannels: 3\ndim: 16\nchannel_multipliers: [1, 2]";
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary,
            specificDiagnosticOptions: [new("UNG0023", wanted)]);
        var driver = CSharpGeneratorDriver.Create([new UNetGenerator().AsSourceGenerator()], [new SpecText("/a.unet.yaml", spec)]);
        var found = driver.RunGenerators(CSharpCompilation.Create("Shop", options: options)).GetRunResult().Diagnostics;
        Assert.Equal(severity, found.SingleOrDefault(diagnostic => diagnostic.Id == "UNG0023")?.Severity);
    }
}
