using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Tests;

namespace UNetGen.Generator.Tests;

/// <summary>YAML -> nodes -> spec -> plan -> C#: the generator's folders use one another in this order alone.</summary>
public sealed class FolderTests
{
    private const string Root = "UNetGen.Generator";

    private static readonly FolderGraph Generator = FolderGraph.Of(typeof(UNetGenerator).Assembly, Root);

    [Fact]
    public void No_folder_of_the_generator_looks_back() => Assert.Empty(Generator.Circles());

    [Theory]
    [InlineData("Yaml", "Diagnostics")]
    [InlineData("Specs", "Yaml")]
    [InlineData("Planning", "Specs")]
    [InlineData("Emission", "Planning")]
    public void Each_stage_builds_on_the_one_before(string stage, string before) =>
        Assert.True(Generator.Uses($"{Root}.{stage}", $"{Root}.{before}"));

    [Theory]
    [InlineData("Planning", "Yaml")]
    [InlineData("Planning", "Diagnostics")]
    [InlineData("Emission", "Yaml")]
    [InlineData("Emission", "Diagnostics")]
    public void Planner_and_emitter_know_nothing_of_files_and_places(string stage, string other) =>
        Assert.False(Generator.Uses($"{Root}.{stage}", $"{Root}.{other}"));

    [Theory]
    [InlineData("class X { Shop.B.Y? field; }")]
    [InlineData("class X { void M(System.Collections.Generic.List<Shop.B.Y[]> list) { } }")]
    [InlineData("class X { object M() => new Shop.B.Y(); }")]
    [InlineData("class X { System.Func<object> F => () => Shop.B.Z.Made(); }")]
    [InlineData(
        "class X { bool M(object o) { switch (o.GetHashCode()) { case 1: case 2: case 3: return false; default: return o is Shop.B.Y; "
        + "} } }")]
    [InlineData("class X { object M() => new System.Collections.Generic.List<Shop.B.Y>(); }")]
    [InlineData("class X : Shop.B.Y { }")]
    [InlineData("class X<T> where T : Shop.B.Y { }")]
    public void A_circle_is_found_wherever_it_hides(string user)
    {
        var circle = Assert.Single(GraphOf(user).Circles());
        Assert.StartsWith("a circle of Shop.A, Shop.B:\n  Shop.A -> Shop.B: X", circle, StringComparison.Ordinal);
        Assert.EndsWith("\n  Shop.B -> Shop.A: Z -> W", circle, StringComparison.Ordinal);
    }

    [Fact]
    public void A_street_is_no_circle() => Assert.Empty(GraphOf("class X { System.Text.StringBuilder? field; }").Circles());

    private static FolderGraph GraphOf(string user)
    {
        const string others = "namespace Shop.B { class Y { } static class Z { public static Y Made() { _ = new Shop.A.W(); "
            + "return new(); } } } ";
        var compilation = CSharpCompilation.Create(
            "Shop",
            [CSharpSyntaxTree.ParseText($"{others} namespace Shop.A {{ class W {{ }} {user} }}")],
            [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        using var stream = new MemoryStream();
        Assert.Empty(compilation.Emit(stream).Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        stream.Position = 0;
        return new FolderGraph(stream, "Shop");
    }
}
