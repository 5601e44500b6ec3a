using CsCheck;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>From a spec's path to the names that come of it, on every system.</summary>
public sealed class PathTests
{
    [Theory]
    [InlineData("/home/me/shop", "/home/me/shop/tiny.unet.yaml", "tiny.unet.yaml", "tiny.unet.g.cs")]
    [InlineData("/home/me/shop/", "/home/me/shop/specs/tiny.unet.yaml", "specs/tiny.unet.yaml", "specs.tiny.unet.g.cs")]
    [InlineData("/home/me/shop/", "/home/me/shop-too/tiny.unet.yaml", "../shop-too/tiny.unet.yaml", "shop-too.tiny-*.unet.g.cs")]
    [InlineData("/home/me/shop/", "/home/me/specs/tiny.unet.yaml", "../specs/tiny.unet.yaml", "specs.tiny-*.unet.g.cs")]
    [InlineData("/home/me/shop/", "/Home/me/shop/tiny.unet.yaml", "../../../Home/me/shop/tiny.unet.yaml", "Home.me.shop.tiny-*.unet.g.cs")]
    [InlineData("/home/me/shop/", "/home/me/shop/my specs/Tiny (1).unet.yaml", "my specs/Tiny (1).unet.yaml",
        "my_specs.Tiny__1_-*.unet.g.cs")]
    [InlineData("/home/me/shop/", "/home/me/shop/日本.UNET.YAML", "日本.UNET.YAML", "__-*.unet.g.cs")]
    [InlineData("/home/me/shop/", "/home/me/shop/a\nclass.unet.yaml", "a_class.unet.yaml", "a_class.unet.g.cs")]
    [InlineData(@"C:\shop\", @"C:\shop\specs\tiny.unet.yaml", "specs/tiny.unet.yaml", "specs.tiny.unet.g.cs")]
    [InlineData(@"c:\Shop\", @"C:\shop\Specs\tiny.unet.yaml", "Specs/tiny.unet.yaml", "Specs.tiny.unet.g.cs")]
    [InlineData(@"C:\shop\", "C:/shop/specs/tiny.unet.yaml", "specs/tiny.unet.yaml", "specs.tiny.unet.g.cs")]
    [InlineData(@"C:\shop\", @"D:\specs\tiny.unet.yaml", "D:/specs/tiny.unet.yaml", "D_.specs.tiny-*.unet.g.cs")]
    [InlineData(@"\\server\shop\", @"\\server\shop\tiny.unet.yaml", "tiny.unet.yaml", "tiny.unet.g.cs")]
    [InlineData("", "/home/me/tiny.unet.yaml", "/home/me/tiny.unet.yaml", ".home.me.tiny.unet.g.cs")]
    [InlineData("/home/me/shop/", "/home/me/shop/.unet.yaml", ".unet.yaml", ".unet.g.cs")]
    public void A_path_gives_the_path_in_the_source_and_the_name_of_its_file(string project, string path, string relative, string hint)
    {
        var run = GeneratorHarness.Run(new ProjectOptions("Shop", project), (path, Specimens.LucidrainsRms));
        var (name, source) = run.Sources.Single();
        Assert.Matches($"^{System.Text.RegularExpressions.Regex.Escape(hint).Replace(@"\*", "[0-9a-f]{8}")}$", name);
        Assert.Contains($"//   From {relative} (sha256", source, StringComparison.Ordinal);
        Assert.Contains($"SpecPath = \"{relative}\"", source, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tiny", "TinyUNet")]
    [InlineData("my-small_unet v2", "MySmallUnetV2UNet")]
    [InlineData("2d", "UNet2d")]
    [InlineData("---", "UNet")]
    [InlineData("class", "ClassUNet")]
    [InlineData("my-unet", "MyUnet")]
    [InlineData("channels", "ChannelsUNet")]
    [InlineData("down-1", "Down1UNet")]
    [InlineData("übung", "ÜbungUNet")]
    [InlineData("\U0001F600", "UNet")]
    [InlineData("cifar10.small", "Cifar10SmallUNet")]
    public void A_spec_without_a_name_has_its_files(string file, string name)
    {
        var run = GeneratorHarness.Run(Specimens.LucidrainsRms, path: $"specs/{file}.unet.yaml");
        Assert.Contains($"public sealed partial class {name} :", run.Source, StringComparison.Ordinal);
        Compiler.AssertCompiles(run);
    }

    [Fact]
    public void The_longest_file_names_still_give_a_class_whose_file_a_disk_takes()
    {
        var deep = string.Concat(Enumerable.Repeat("deep/", 100));
        var run = GeneratorHarness.Run(Specimens.LucidrainsRms, path: $"{deep}{new string('a', 244)}.unet.yaml");
        Compiler.AssertCompiles(run);
        Assert.InRange(run.Sources.Keys.Single().Length, 1, 120);
    }

    [Theory]
    [InlineData(99, @"specs\.a{99}\.tiny\.unet\.g\.cs")]
    [InlineData(100, @"a{96}\.tiny-[0-9a-f]{8}\.unet\.g\.cs")]
    [InlineData(4000, @"a{96}\.tiny-[0-9a-f]{8}\.unet\.g\.cs")]
    public void A_name_of_more_than_120_letters_keeps_its_end_and_gets_the_hash(int length, string hint) =>
        Assert.Matches($"^{hint}$", HintNames.Of($"specs/{new string('a', length)}/tiny.unet.yaml"));

    [Fact]
    public void Different_paths_have_different_names()
    {
        var part = Gen.OneOf("a", "b", "a.b", "a_b", "a b", "ä", "..", "a-b", "A");
        var path = Gen.Select(part.Array[0, 3], Gen.OneOf("a", "b", "a.b", "a b", "a_b"), (folders, file) =>
            string.Concat(folders.Select(folder => folder + "/")) + file + ".unet.yaml");
        var @long = $"{new string('x', 120)}/";
        SpecGen.ForEach(Gen.Select(path, path), 3000, pair =>
        {
            if (!string.Equals(pair.Item1, pair.Item2, StringComparison.OrdinalIgnoreCase))
            {
                var (first, second) = (pair.Item1 + @long + pair.Item1, pair.Item2 + @long + pair.Item1);
                Assert.NotEqual(HintNames.Of(pair.Item1), HintNames.Of(pair.Item2), StringComparer.OrdinalIgnoreCase);
                Assert.NotEqual(HintNames.Of(first), HintNames.Of(second), StringComparer.OrdinalIgnoreCase);
            }
        });
    }
}
