namespace UNetGen.Compiler.Tests;

/// <summary>What a spec says of its network, without compiling anything.</summary>
public sealed class DescribeTests
{
    [Fact]
    public void Levels_and_drawing_are_those_that_hovering_over_the_class_shows()
    {
        var described = SpecCompiler.Describe("Specs/tiny.unet.yaml", Tree.Options);

        foreach (var row in $"{described.Drawing}\n{described.Levels}".Split('\n'))
            Assert.Contains($"/// {row}", described.Generated.Source);
        Assert.Contains("─ skips ─", described.Drawing);
        Assert.StartsWith("level  ", described.Levels);
        Assert.Equal("the noise in them", described.Predicts);
    }

    [Fact]
    public void What_is_inherited_is_told_with_the_spec_that_says_it()
    {
        var described = SpecCompiler.Describe("Specs/nested/wide.unet.yaml", Tree.Options);

        Assert.Equal(
            ["preset: lucidrains", "image_size: 8", "channels: 3", "channel_multipliers: [1, 2]"],
            described.Inherited.Select(key => $"{key.Key}: {key.Value}"));
        Assert.All(described.Inherited, key => Assert.Equal("Specs/tiny.unet.yaml", key.From));
        Assert.Empty(SpecCompiler.Describe("Specs/tiny.unet.yaml", Tree.Options).Inherited);
    }

    [Fact]
    public void A_spec_with_errors_is_refused() =>
        Assert.Contains("UNG0014", Assert.Throws<SpecException>(() => SpecCompiler.DescribeText("dim: 33")).Message);
}
