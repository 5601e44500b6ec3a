using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Emission;

/// <summary>While a spec has an error, its class keeps the layers that other code uses; and it never works.</summary>
public sealed class BrokenClassTests
{
    /// <summary>Without these no network is known: the class has its signature alone.</summary>
    private static readonly string[] Unknown = ["# none", "channel_multipliers: *m"];

    /// <summary>These speak of another network than the right spec, and are believed: of another family, or of other levels.</summary>
    private static readonly string[] Others =
    [
        "preset: lucidrain", "presets: ddpm", "attention: linear", "  levels: [full, foll, none, none]",
        "  levels: [full, full, none, none]", "blocks_per_level: [1, 2, 3, four]",
    ];

    public static TheoryData<string> Presets => [.. MistakenSpec.All.Select(spec => spec.Name)];

    [Theory]
    [MemberData(nameof(Presets))]
    public void Code_that_uses_layers_compiles_whatever_single_mistake_the_spec_has(string preset)
    {
        var spec = MistakenSpec.All.Single(one => one.Name == preset);
        var user = User(Source(spec.With()));
        foreach (var mistake in spec.Mistakes)
        {
            var (source, lines) = (Source(spec.With(mistake)), mistake.Edits.Select(edit => edit.Line).ToList());
            Assert.Contains(" => throw new global::System.InvalidOperationException(", source, StringComparison.Ordinal);
            // Channels say nothing of the layers.
            var unknown = lines.Any(Unknown.Contains) && mistake.Edits.All(edit => edit.Key != "channels");
            var hasLayers = source.Contains("public readonly", StringComparison.Ordinal);
            Assert.Equal((mistake.ToString(), !unknown), (mistake.ToString(), hasLayers));
            if (!unknown && !lines.Any(Others.Contains))
                Assert.Equal((mistake.ToString(), ""), (mistake.ToString(), string.Join('\n', Compiler.Faults(source + user))));
        }
    }

    [Theory]
    [InlineData("at")]
    [InlineData("attention")]
    [InlineData("drop: {")]
    [InlineData("drop: [1, 2")]
    [InlineData("\tdropout: 1")]
    [InlineData("'")]
    [InlineData("\"a")]
    [InlineData("- a")]
    [InlineData("a: b: c")]
    [InlineData("%")]
    [InlineData("@")]
    [InlineData("&a")]
    [InlineData("norm: [[[[[[[[[[[[[[[[[[[")]
    public void While_a_line_is_typed_the_class_keeps_its_layers(string typed)
    {
        foreach (var spec in new[] { Specimens.LucidrainsRms, Specimens.Ddpm, Specimens.UserBlock })
        {
            var user = User(Source(spec));
            var lines = spec.Split('\n').ToList();
            foreach (var at in new[] { 1, lines.Count - 1, lines.Count })
            {
                lines.Insert(at, typed);
                var source = Source(string.Join('\n', lines));
                Assert.Contains(", which has errors", source, StringComparison.Ordinal);
                Assert.Empty(Compiler.Faults(source + user));
                lines.RemoveAt(at);
            }
        }
    }

    [Theory]
    [InlineData("preset: annotated", "preset: \"annotated")]
    [InlineData("preset: annotated", "preset: 'annotated")]
    [InlineData("channel_multipliers: [1, 2]", "channel_multipliers: [1, 2")]
    [InlineData("channel_multipliers: [1, 2]", "channel_multipliers: [1, 2]]")]
    [InlineData("num_classes: 4", "num_classes: 0")]
    [InlineData("num_classes: 4", "num_classes: -1")]
    [InlineData("num_classes: 4", "num_classes: ten")]
    [InlineData("num_classes: 4", "num_classes:")]
    public void While_a_line_that_says_which_layers_there_are_is_typed_they_stay(string line, string typed)
    {
        const string spec = "preset: annotated\nimage_size: 8\nchannels: 1\ndim: 8\nnum_classes: 4\nchannel_multipliers: [1, 2]\n";
        var user = User(Source(spec));
        foreach (var order in new[] { spec, string.Join('\n', spec.Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse()) })
        {
            Assert.Contains(line, order, StringComparison.Ordinal);
            var source = Source(order.Replace(line, typed, StringComparison.Ordinal));
            Assert.Contains(", which has errors", source, StringComparison.Ordinal);
            Assert.Empty(Compiler.Faults(source + user));
        }
    }

    [Fact]
    public void While_a_base_has_an_error_the_classes_of_those_that_extend_it_keep_their_layers()
    {
        const string derived = "extends: base.unet.yaml\nname: TinyUNet\ndim: 16\n";
        var whole = Sources(Specimens.Annotated);
        foreach (var mistake in new[] { "colours: 3", "dropout: 2", "dropout", "dim: 15" })
            Assert.Empty(Compiler.Faults(Sources(Specimens.Annotated + "\n" + mistake) + User(whole)));
        Assert.Empty(Compiler.Faults(Sources(Specimens.Annotated, derived + "colours: 3") + User(whole)));

        static string Sources(string @base, string derived = derived) => GeneratorHarness.RunTwice(
            null, ("base.unet.yaml", @base.Replace("TinyUNet", "BaseUNet")), ("tiny.unet.yaml", derived)).Sources["tiny.unet.g.cs"];
    }

    [Fact]
    public void A_comment_in_a_broken_spec_writes_nothing_anew()
    {
        var spec = Specimens.LucidrainsRms + "\ndropot: 0.1";
        var project = new GeneratorProject(("a.unet.yaml", spec));
        project.Run();
        project.Edit("a.unet.yaml", "# a comment\n" + spec);
        Assert.Empty(project.Run().Changed(Steps.Source));
        project.Edit("a.unet.yaml", "# a comment\n" + spec.Replace("0.1", "0.2"));
        Assert.Empty(project.Run().Changed(Steps.Source));
    }

    [Fact]
    public void The_class_says_that_it_is_none()
    {
        var source = Source(Specimens.Annotated + "\ncolours: 3");
        Assert.Contains("/// It has the layers that the spec may be meant to have.\n", source, StringComparison.Ordinal);
        Assert.Contains("SpecHash = \"\"", source, StringComparison.Ordinal);
        Assert.DoesNotContain("register_module", source, StringComparison.Ordinal);
    }

    private static string Source(string spec) => GeneratorHarness.RunTwice(null, ("tiny.unet.yaml", spec)).Source;

    /// <summary>Code that uses every layer and every level's class.</summary>
    private static string User(string source)
    {
        var type = CSharpSyntaxTree.ParseText(source).GetRoot().DescendantNodes().OfType<ClassDeclarationSyntax>().First();
        var levels = type.Members.OfType<ClassDeclarationSyntax>().ToDictionary(level => level.Identifier.Text, Fields);
        var uses = Fields(type).SelectMany(field =>
            levels.TryGetValue(field.Type, out var its) ? its.Select(inner => $"{field.Name}.{inner.Name}") : [field.Name]);
        var types = levels.Keys.Select(level => $"typeof(TinyUNet.{level})");
        return $$"""

            /// <summary>A user.</summary>
            public static class User
            {
                /// <summary>Every layer.</summary>
                public static object[] Layers(TinyUNet net) => new object[] { {{string.Join(", ", uses.Select(use => $"net.{use}"))}} };

                /// <summary>Every level.</summary>
                public static System.Type[] Levels => new System.Type[] { {{string.Join(", ", types)}} };
            }
            """;

        static IEnumerable<(string Type, string Name)> Fields(ClassDeclarationSyntax type) => type.Members.OfType<FieldDeclarationSyntax>()
            .Where(field => field.Modifiers.Any(SyntaxKind.PublicKeyword) && !field.Modifiers.Any(SyntaxKind.ConstKeyword))
            .Select(field => (field.Declaration.Type.ToString(), field.Declaration.Variables.Single().Identifier.Text));
    }
}
