using System.Text.RegularExpressions;
using CsCheck;
using Microsoft.CodeAnalysis;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>A spec that extends another is the spec that one gets by writing both out.</summary>
public sealed class ExtendsTests
{
    private const string Base = """
        name: BaseNet
        namespace: Shop.Family
        preset: lucidrains
        image_size: 32
        channels: 3
        dim: 16
        channel_multipliers: [1, 2, 4]
        """;

    [Fact]
    public void What_a_spec_does_not_say_its_base_says() => AssertSame(
        Base + "\nattention:\n  heads: 2\n  head_dim: 8\ndiffusion:\n  timesteps: 100\n  schedule: cosine",
        "dim: 24\nattention:\n  heads: 6\ndiffusion:\n  schedule: sigmoid",
        Base.Replace("dim: 16", "dim: 24") + "\nattention:\n  heads: 6\n  head_dim: 8\ndiffusion:\n  timesteps: 100\n  schedule: sigmoid");

    [Fact]
    public void The_namespace_is_inherited_and_the_name_is_not()
    {
        var source = Derived(Base, "dim: 24");
        Assert.Contains("namespace Shop.Family;", source, StringComparison.Ordinal);
        Assert.Contains("class DerivedUNet ", source, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Base, "extends: base.unet.yaml\ndim: [")]
    [InlineData(Base, "\textends: base.unet.yaml\nextends: base.unet.yaml")]
    [InlineData(Base + "\nattention: {", "extends: base.unet.yaml\ndim: 24")]
    [InlineData(Base + "\n- dim", "extends: 'base.unet.yaml'\n dim: 24")]
    public void While_a_line_is_typed_the_namespace_is_still_inherited(string inherited, string own)
    {
        var run = GeneratorHarness.RunTwice(null, ("base.unet.yaml", inherited), ("derived.unet.yaml", own));
        Assert.NotEmpty(run.Diagnostics);
        Assert.Contains("namespace Shop.Family;", run.Sources["derived.unet.g.cs"], StringComparison.Ordinal);
    }

    [Fact]
    public void Bases_have_bases() => Assert.Equal(
        Whole(Base.Replace("dim: 16", "dim: 20") + "\nzero_init: true\ndropout: 0.1", "d/derived.unet.yaml"),
        GeneratorHarness.Run(
            null, ("d/derived.unet.yaml", "extends: ./../b/../c.unet.yaml\ndropout: 0.1"), ("a.unet.yaml", Base),
            ("b/b.unet.yaml", "dim: 20\nextends: ../a.unet.yaml\nzero_init: false"),
            ("c.unet.yaml", "extends: 'b/b.unet.yaml'\nzero_init: true")).Sources["d.derived.unet.g.cs"]);

    [Fact]
    public void Specs_outside_the_project_extend_and_are_extended()
    {
        var run = GeneratorHarness.Run(
            null, ("/shared/a.unet.yaml", Base), ("in.unet.yaml", "extends: ../shared/a.unet.yaml\ndim: 24"),
            ("/shared/more/out.unet.yaml", "extends: ../../project/in.unet.yaml"));
        Assert.Equal([16, 24, 24], run.Sources.Values.Select(source => int.Parse(source.Split("\ndim: ")[1].Split('\n')[0])).Order());
    }

    [Theory]
    [InlineData(@"C:\shop\specs\base.unet.yaml", @"c:\shop\specs\derived.unet.yaml")]
    [InlineData(@"\\server\shop\specs\base.unet.yaml", @"\\server\shop\specs\derived.unet.yaml")]
    [InlineData("C:/shop/specs/../specs/base.unet.yaml", @"C:\shop\specs\derived.unet.yaml")]
    public void On_every_system(string path, string derived)
    {
        var run = GeneratorHarness.Run(new ProjectOptions("Shop", @"C:\shop"), (path, Base), (derived, "extends: ../specs/base.unet.yaml"));
        Assert.Equal(2, run.Sources.Count);
    }

    [Theory]
    [InlineData("attention:\n  heads: 2\n  levels: [full, linear, none]", "attention: none", "attention: none")]
    [InlineData("attention: none", "attention:\n  heads: 2", "attention:\n  heads: 2")]
    [InlineData("attention:\n  heads: 2\n  resolutions: [16]", "attention:\n  levels: [full, linear, none]",
        "attention:\n  heads: 2\n  levels: [full, linear, none]")]
    [InlineData("attention:\n  levels: [full, linear, none]\n  mid: none", "attention:\n  resolutions: [16]",
        "attention:\n  resolutions: [16]\n  mid: none")]
    [InlineData("norm: group\ngroups: 4\nnorm_eps: 1e-3", "norm: rms", "norm: rms")]
    [InlineData("time_embedding:\n  theta: 100\n  conditioning: add", "time_embedding:\n  type: fourier",
        "time_embedding:\n  type: fourier\n  conditioning: add")]
    [InlineData("diffusion:\n  loss_weight: min_snr\n  min_snr_gamma: 3", "diffusion:\n  loss_weight: none",
        "diffusion:\n  loss_weight: none")]
    [InlineData("preset: ddpm\ndim: 32\nattention:\n  head_dim: 8", "attention:\n  heads: 2",
        "preset: ddpm\ndim: 32\nattention:\n  heads: 2")]
    [InlineData("preset: adm\ndim: 32\nattention:\n  heads: 2", "attention:\n  head_dim: 8",
        "preset: adm\ndim: 32\nattention:\n  head_dim: 8")]
    [InlineData("preset: adm\ndim: 32\nnum_classes: 10\nblocks_per_level: 3", "num_classes: null\nblocks_per_level: [1, 2, 3]",
        "preset: adm\ndim: 32\nblocks_per_level: [1, 2, 3]")]
    [InlineData("attention:\n  heads: 2", "attention:\n  head_dim: 8", "attention:\n  head_dim: 8\n  heads: 2")]
    [InlineData("blocks:\n  resnet: My.Block", "blocks:\n  resnet: null\ndropout: 0.5", "dropout: 0.5")]
    [InlineData("blocks:\n  resnet: My.Block", "dim: 32", "blocks:\n  resnet: My.Block\ndim: 32")]
    [InlineData("activation: mish\ndropout: 0.5", "blocks:\n  resnet: My.Block\ndownsample: conv",
        "blocks:\n  resnet: My.Block\ndownsample: conv")]
    public void What_a_spec_says_leaves_no_room_for_what_contradicts_it(string inherited, string own, string same) =>
        AssertSame(With(inherited), own, With(same));

    [Fact]
    public void Another_preset_brings_its_own_defaults() => AssertSame(
        Base + "\ninit_kernel: 5", "preset: annotated", Base.Replace("lucidrains", "annotated") + "\ninit_kernel: 5");

    [Fact]
    public void A_spec_is_the_same_in_however_many_files_its_keys_stand()
    {
        var tried = 0;
        SpecGen.ForEach(Gen.Select(SpecGen.Valid, Gen.Int[0, 2].Array[64]), 400, it =>
        {
            var (whole, fileOf) = it;
            var leaves = SpecLeaves.Of(whole);
            var texts = Enumerable.Range(0, 3).Select(file => SpecLeaves.Join(leaves.Where((_, i) => fileOf[i] == file))).ToList();
            var first = SpecLeaves.Join(
                leaves.Select((leaf, i) => fileOf[i] == 0 ? leaf : (leaf.Group, Line: Other(leaf.Line)))
                    .Where(leaf => leaf.Line.Length > 0));
            var run = new GeneratorProject(
                ProjectOptions.Unbounded, ("0.unet.yaml", first), ("1.unet.yaml", "extends: 0.unet.yaml\n" + texts[1]),
                ("derived.unet.yaml", texts[2] + "\nextends: 1.unet.yaml")).Run();
            var errors = run.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ToList();
            if (errors.Any(error => !error.Location.GetLineSpan().Path.Contains("derived", StringComparison.Ordinal)))
                return; // without the rest, the first file's keys or the first two's are no spec
            tried++;
            Assert.Empty(errors);
            Assert.Equal(Whole(whole), run.Sources["derived.unet.g.cs"]);
        });
        Assert.InRange(tried, 100, 400);

        // What a base says in the place of a key that another file has: something else where the key must be there.
        static string Other(string line) => line.Split(':')[0] switch
        {
            "preset" => line.EndsWith("annotated", StringComparison.Ordinal) ? "preset: lucidrains" : "preset: annotated",
            "image_size" => "image_size: 64",
            "channels" => "channels: 1",
            "dim" => "dim: 96",
            "channel_multipliers" => Regex.Replace(line, @"\d+", "1"),
            _ => "",
        };
    }

    /// <summary>The base with these keys, in the place of its own.</summary>
    private static string With(string keys) =>
        string.Join('\n', Base.Split('\n').Where(line => !Regex.IsMatch(keys, $"^{line.Split(':')[0]}:", RegexOptions.Multiline))) + "\n"
            + keys;

    private static void AssertSame(string inherited, string own, string whole) => Assert.Equal(Whole(whole), Derived(inherited, own));

    private static string Derived(string inherited, string own) =>
        GeneratorHarness.Run(null, ("base.unet.yaml", inherited),
            ("derived.unet.yaml", "extends: base.unet.yaml\n" + own)).Sources["derived.unet.g.cs"];

    /// <summary>The same in one file, under the same name.</summary>
    private static string Whole(string spec, string path = "derived.unet.yaml") =>
        GeneratorHarness.Run(spec.Replace("name: BaseNet\n", ""), ProjectOptions.Unbounded, path).Source;
}
