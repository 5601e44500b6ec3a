using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Emission;

/// <summary>
/// A user's own block is the user's C#: where it fits the class compiles, and where it doesn't that is one error, which says what it is
/// about.
/// </summary>
public sealed class UserBlockTests
{
    private const string Tensors = "TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>";

    [Theory]
    [InlineData("TorchSharp.torch.Tensor", "public sealed", LanguageVersion.CSharp10)]
    [InlineData("TorchSharp.torch.Tensor?", "public", LanguageVersion.CSharp10)]
    [InlineData("TorchSharp.torch.Tensor", "internal", LanguageVersion.Latest)]
    public void A_block_that_fits_compiles(string timeEmbedding, string modifiers, LanguageVersion version) =>
        Compiler.AssertCompiles([Source("My.Blocks.Plain"), InNamespace("My.Blocks", Block(timeEmbedding, modifiers))], version);

    [Theory]
    [InlineData("Plain", "namespace: Shop.Models", "Shop.Models")]
    [InlineData("Plain", "", "")]
    [InlineData("System.Plain", "namespace: Shop.System", "System")]
    [InlineData("TinyUNet.Plain", "namespace: Shop", "TinyUNet")]
    [InlineData("Shop.TinyUNet.NewResnetBlock", "namespace: Shop.Models", "Shop.TinyUNet", "NewResnetBlock")]
    public void Any_place_will_do_for_a_block(string type, string key, string @namespace, string name = "Plain")
    {
        var run = GeneratorHarness.Run(Spec(type) + "\n" + key, new ProjectOptions("", GeneratorProject.Directory));
        Compiler.AssertCompiles(
            [run.Source, InNamespace(@namespace, Block().Replace("Plain", name)),
                "namespace Shop.System { class Plain { } } namespace Shop.Models.My { }"]);
    }

    [Theory]
    [InlineData("", "CS0400")] // neither class nor namespace
    [InlineData("namespace My.Blocks { class Plane { } }", "CS0234")] // no such class
    // another constructor
    [InlineData(
        "namespace My.Blocks { class Plain : Module { public Plain(long dim, long dimOut) : "
        + "base(\"\") { } public override Tensor forward(Tensor x, Tensor t) => x; } }",
        "CS1729")]
    [InlineData(
        "namespace My.Blocks { class Plain : Module { public Plain(long dim, long dimOut, string name) : "
        + "base(name) { } public override Tensor forward(Tensor x, Tensor t) => x; } }",
        "CS1503")]
    [InlineData("namespace My.Blocks { class Plain { public Plain(long dim, long dimOut, long time) { } } }", "CS0029")] // no module
    // another forward
    [InlineData(
        "namespace My.Blocks { class Plain : OtherModule { public Plain(long dim, long dimOut, long time) : "
        + "base(\"\") { } public override Tensor forward(Tensor x) => x; } }",
        "CS0029")]
    [InlineData(
        "namespace My.Blocks { abstract class Plain : Module { protected Plain(long dim, long dimOut, long time) : base(\"\") { } } }",
        "CS0144")]
    public void A_block_that_does_not_fit_is_one_error_at_the_place_that_names_the_spec_s_key(string user, string error)
    {
        foreach (var preset in new[] { "annotated", "lucidrains", "ddpm", "adm" })
        {
            var source = Source("My.Blocks.Plain", preset);
            var aliases = $"using Module = {Tensors}; using OtherModule = TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, "
                + "TorchSharp.torch.Tensor>; using Tensor = TorchSharp.torch.Tensor;";
            var fault = Assert.Single(Compiler.Faults(source, user.Length == 0 ? "" : aliases + user), fault => fault.Id is not "CS8019");
            Assert.Equal(error, fault.Id);
            var lines = source.Split('\n');
            var line = fault.Location.GetLineSpan().StartLinePosition.Line;
            Assert.Contains("NewResnetBlock(int dim, int dimOut, int timeEmbDim)", lines[line - 1], StringComparison.Ordinal);
            Assert.Contains("blocks.resnet", lines[line - 2], StringComparison.Ordinal);
        }
    }

    private static string Source(string type, string preset = "annotated") =>
        GeneratorHarness.Run(Spec(type).Replace("annotated", preset)).Source;

    private static string Spec(string type) => Specimens.UserBlock.Replace("My.Blocks.Plain", type).Replace("dim: 8", "dim: 32");

    private static string Block(string timeEmbedding = "TorchSharp.torch.Tensor", string modifiers = "internal") => $$"""
        /// <summary>A block.</summary>
        {{modifiers}} class Plain : TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, {{timeEmbedding}}, TorchSharp.torch.Tensor>
        {
            /// <summary>As the network makes it.</summary>
            public Plain(long dim, long dimOut, long timeEmbDim) : base($"{dim} {dimOut} {timeEmbDim}") { }

            /// <inheritdoc/>
            public override TorchSharp.torch.Tensor forward(TorchSharp.torch.Tensor x, {{timeEmbedding}} t) => x;
        }
        """.Replace("TorchSharp", "global::TorchSharp");

    private static string InNamespace(string name, string code) => name.Length == 0 ? code : $"namespace {name} {{\n{code}\n}}";
}
