using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator.Tests.Harness;
using UNetGen.Generator.Tests.Rules;

namespace UNetGen.Generator.Tests;

/// <summary>
/// What is generated compiles without a warning in the strictest project, whatever its namespace, its names and its language version.
/// </summary>
public sealed class CompilationTests
{
    private const string User = """
        #nullable enable
        /// <summary>A user of generated classes.</summary>
        public static class User
        {
            /// <summary>All that they promise.</summary>
            public static TorchSharp.torch.Tensor Use(TorchSharp.torch.Tensor x, TorchSharp.torch.Tensor t)
            {
                using var net = new NAME();
                using var moved = new NAME(TorchSharp.torch.CPU, TorchSharp.torch.float16);
                UNetGen.Networks.NoisePredictor any = moved;
                // Divided by, since no constant may be 0.
                const long numbers = 1 / NAME.ParameterCount + 1 / NAME.ForwardFlops + 1 / NAME.Channels + 1 / NAME.OutChannels
                    + 1 / NAME.ImageHeight + 1 / NAME.ImageWidth + 1 / NAME.DownsampleFactor;
                any.forward(x, t, null);
                return numbers == NAME.SpecHash.Length + NAME.Description.StateDict.Count + any.Info.Levels.Count
                    ? net.forward(x, t, labels: null, selfCondition: x)
                    : net.forward(x, t);
            }
        }
        """;

    public static TheoryData<LanguageVersion> Versions =>
        [LanguageVersion.CSharp10, LanguageVersion.CSharp11, LanguageVersion.CSharp12, LanguageVersion.Latest, LanguageVersion.Preview];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Networks_compile_in_each_version_of_the_language(LanguageVersion version)
    {
        foreach (var spec in Specimens.Good)
            Compiler.AssertCompiles(GeneratorHarness.Run(spec), version);
    }

    [Fact]
    public void Networks_compile_in_each_later_version_that_the_SDK_knows()
    {
        var sources = Specimens.Good.Append(Specimens.Broken)
            .Select((spec, i) => (Spec: spec, Options: new ProjectOptions($"Shop.Part{i}", GeneratorProject.Directory)))
            .Select(it => GeneratorHarness.RunTwice(it.Options, ("a.unet.yaml", it.Spec)).Source)
            .ToList();
        var versions = SdkCompiler.Versions.Where(version =>
            version is "preview" || (decimal.TryParse(version, CultureInfo.InvariantCulture, out var number) && number > 12))
            .ToList();
        Assert.Contains("14.0", versions);
        Assert.Contains("preview", versions);
        foreach (var version in versions)
            SdkCompiler.AssertCompiles(sources, version);
        Assert.Contains("CS1591", Assert.ThrowsAny<Exception>(() => SdkCompiler.AssertCompiles(["public class A;"], versions[0])).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("System")]
    [InlineData("System.Collections.Generic")]
    [InlineData("torch")]
    [InlineData("TorchSharp")]
    [InlineData("TorchSharp.Models")]
    [InlineData("UNetGen")]
    [InlineData("UNetGen.Blocks.Custom")]
    [InlineData("global.file.record.async.var")]
    [InlineData("Ärger.日本")]
    [InlineData("")]
    [InlineData("2d-models")]
    [InlineData(null)]
    public void Any_root_namespace_will_do(string? rootNamespace)
    {
        var options = new ProjectOptions(rootNamespace, GeneratorProject.Directory);
        var both = GeneratorHarness.Run(options, ("tiny.unet.yaml", Specimens.Annotated), ("big.unet.yaml", Specimens.LucidrainsRms));
        Compiler.AssertCompiles(both);
        var broken = GeneratorHarness.RunTwice(options, ("tiny.unet.yaml", Specimens.Broken));
        Compiler.AssertCompiles(broken);
    }

    [Theory]
    [InlineData("2d-models", "_2d_models")]
    [InlineData("my-app.core", "my_app.core")]
    [InlineData("Shop.class", "Shop._class")]
    public void A_root_namespace_that_is_none_in_CSharp_becomes_the_one_of_the_SDKs_templates(string rootNamespace, string expected) =>
        Assert.Contains($"\nnamespace {expected};\n",
            GeneratorHarness.Run(Specimens.Annotated, new ProjectOptions(rootNamespace, GeneratorProject.Directory)).Source,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("Tensor")]
    [InlineData("Conv2d")]
    [InlineData("Module")]
    [InlineData("NoisePredictor")]
    [InlineData("TimeEmbedding")]
    [InlineData("System")]
    [InlineData("TorchSharp")]
    [InlineData("UNetGen")]
    [InlineData("Shop")]
    [InlineData("Models")]
    [InlineData("Concat")]
    [InlineData("StartAtZero")]
    [InlineData("Device")]
    [InlineData("skip0a")]
    [InlineData("T")]
    [InlineData("名前")]
    public void Any_name_will_do_for_a_class(string name)
    {
        var run = GeneratorHarness.Run(Specimens.ManyKeys.Replace("ManyKeysUNet", name).Replace("Shop.Conditioned", "Shop.Models"));
        Compiler.AssertCompiles([run.Source, User.Replace("NAME", $"Shop.Models.{name}")]);
        Compiler.AssertCompiles(GeneratorHarness.RunTwice(null, ("a.unet.yaml", $"name: {name}\ndim: [")));
    }

    [Fact]
    public void All_specs_of_a_project_compile_together() => Compiler.AssertCompiles(GeneratorHarness.Run(
        null, [.. Specimens.Good.Select((spec, i) => ($"folder{i}/Spec {i} & <co>.unet.yaml", spec))]));

    [Theory]
    [InlineData(Specimens.Broken)]
    [InlineData("name: BrokenUNet\npreset: annotated\nchannel_multipliers: [1, 2\nimage_size: 16")]
    [InlineData("name: BrokenUNet\n\tdim: 3")]
    [InlineData("dim: &a [*a, *a]\nname: BrokenUNet")]
    [InlineData("name: BrokenUNet\nimage_size: [4096, -1]\nchannels: 99999999999")]
    [InlineData("preset: lucidrains\nname: 'BrokenUNet' # and no more")]
    public void Code_that_uses_a_broken_spec_still_compiles(string spec)
    {
        var run = GeneratorHarness.RunTwice(null, ("a.unet.yaml", spec));
        Assert.NotEmpty(run.Diagnostics);
        Compiler.AssertCompiles([run.Source, User.Replace("NAME", "Shop.Models.BrokenUNet")]);
        Compiler.AssertCompiles([run.Source], LanguageVersion.CSharp10);
    }

    [Fact]
    public void Code_that_uses_a_network_compiles()
    {
        Compiler.AssertCompiles([GeneratorHarness.Run(Specimens.Annotated).Source, User.Replace("NAME", "Shop.Models.TinyUNet")]);
        Compiler.AssertCompiles([GeneratorHarness.Run(Specimens.ManyKeys).Source, User.Replace("NAME", "Shop.Conditioned.ManyKeysUNet")]);
    }

    [Theory]
    [InlineData("public class A;", "CS1591")] // no documentation
    [InlineData("class A { string a = null; }", "CS8625")] // null
    [InlineData("class tensor;", "CS8981")] // a warning of the newest wave
    public void The_strictest_project_is_strict(string source, string warning) =>
        Assert.Contains(warning, Assert.ThrowsAny<Exception>(() => Compiler.AssertCompiles([source])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("de-DE")]
    [InlineData("tr-TR")]
    [InlineData("ar-SA")]
    public void Every_culture_gives_the_same_source_and_the_same_messages(string culture)
    {
        var (good, bad) = (Specimens.Good.Select(Source).ToList(), Messages());
        var before = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = new CultureInfo(culture);
            Assert.Equal(good, Specimens.Good.Select(Source));
            Assert.Equal(bad, Messages());
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = before;
        }

        static string Source(string spec) => GeneratorHarness.Run(spec, path: "info-title.unet.yaml").Source;

        static string Messages() => string.Join('\n', RulePageTests.IdsWithSpecs.Cast<object[]>()
            .SelectMany(row => GeneratorHarness.RunTwice(null, new RulePage((string)row[0]).Specs("Wrong")).Diagnostics)
            .Select(diagnostic => diagnostic.GetMessage(CultureInfo.InvariantCulture)));
    }
}
