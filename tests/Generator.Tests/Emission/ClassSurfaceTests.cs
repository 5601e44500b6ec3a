using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Emission;

/// <summary>What code that uses a class relies on is there while its spec has errors, too.</summary>
public sealed class ClassSurfaceTests
{
    private const string Hooks = """
        namespace Shop.Models;

        partial class TinyUNet
        {
            private int passes;

            partial void OnConstructed() => passes = 0;

            partial void OnForwarding(INPUTS)
            {
                passes++;
                x = x * 2;
            }

            partial void OnForwarded(ref global::TorchSharp.torch.Tensor output) => output = output + passes;
        }
        """;

    private const string Inputs = "ref global::TorchSharp.torch.Tensor x, ref global::TorchSharp.torch.Tensor timesteps";
    private const string WithContext = Specimens.Conditional + "\nname: TinyUNet";
    private const string Context = ", ref global::TorchSharp.torch.Tensor? context";
    private const string Conditions = ", ref global::TorchSharp.torch.Tensor? labels, ref global::TorchSharp.torch.Tensor? selfCondition";

    [Theory]
    [InlineData(LanguageVersion.CSharp10)]
    [InlineData(LanguageVersion.Latest)]
    public void A_user_s_hooks_compile_with_and_without_errors_in_the_spec(LanguageVersion version)
    {
        foreach (var spec in new[] { Specimens.Annotated, Specimens.Annotated + "\ngroups: 7", "name: TinyUNet\ndim: [" })
            Compiler.AssertCompiles([Source(spec), Hooks.Replace("INPUTS", Inputs)], version);
        string[] conditional =
            ["self_condition: true", "num_classes: 10", "self_condition: true\nnum_classes: 10", "self_condition: true\ngroups: 7"];
        var hooks = "#nullable enable\n" + Hooks.Replace("INPUTS", Inputs + Conditions);
        foreach (var more in conditional)
            Compiler.AssertCompiles([Source(Specimens.Annotated + "\n" + more), hooks], version);
        var hooksOfContext = "#nullable enable\n" + Hooks.Replace("INPUTS", Inputs + Context + Conditions);
        foreach (var spec in new[] { WithContext, WithContext + "\ncolours: 3" })
            Compiler.AssertCompiles([Source(spec), hooksOfContext], version);
    }

    [Theory]
    [InlineData(LanguageVersion.CSharp10)]
    [InlineData(LanguageVersion.Latest)]
    public void A_context_is_given_by_name_with_and_without_errors_in_the_spec(LanguageVersion version)
    {
        foreach (var spec in new[] { WithContext, WithContext + "\ncolours: 3" })
            Compiler.AssertCompiles([Source(spec), Call("context: c")], version);
        foreach (var spec in new[] { Specimens.Annotated, Specimens.Annotated + "\ngroups: 7" })
            Compiler.AssertCompiles([Source(spec), Call("c")], version);
    }

    [Fact]
    public void A_context_by_position_which_could_be_labels_is_the_compiler_s_error()
    {
        var error = Assert.ThrowsAny<Exception>(() => Compiler.AssertCompiles([Source(WithContext), Call("c")]));
        Assert.Contains("CS0121", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "public")]
    [InlineData("", "public")]
    [InlineData("public", "public")]
    [InlineData("internal", "internal")]
    [InlineData(" Internal ", "internal")]
    public void A_project_s_classes_are_as_accessible_as_it_says(string? property, string expected)
    {
        var options = new ProjectOptions("Shop.Models", GeneratorProject.Directory, accessibility: property);
        foreach (var spec in Specimens.Good.Append(Specimens.Broken).Append(Specimens.Annotated + "\npreset: ["))
        {
            var source = GeneratorHarness.RunTwice(options, ("a.unet.yaml", spec)).Source;
            Assert.Contains($"\n{expected} sealed partial class ", source, StringComparison.Ordinal);
            Compiler.AssertCompiles([source]);
        }
    }

    [Fact]
    public void An_internal_class_and_its_levels_serve_the_project_s_own_code()
    {
        var options = new ProjectOptions("Shop.Models", GeneratorProject.Directory, accessibility: "internal");
        foreach (var spec in new[] { Specimens.Annotated, Specimens.Annotated + "\ncolours: 3" })
        {
            Compiler.AssertCompiles([
                GeneratorHarness.RunTwice(options, ("tiny.unet.yaml", spec)).Source,
                """
                namespace Shop.Models;

                internal static class User
                {
                    internal static object Use()
                    {
                        using var net = new TinyUNet();
                        TinyUNet.Down1 level = net.downs_1;
                        return (level.block1, net.mid_attn, TinyUNet.Channels, TinyUNet.Description);
                    }
                }

                internal partial class TinyUNet
                {
                    partial void OnConstructed() => System.Console.WriteLine();
                }
                """]);
        }
    }

    [Fact]
    public void A_hook_that_would_not_see_the_conditions_is_the_compiler_s_error()
    {
        string[] sources = [Source(Specimens.Annotated + "\nnum_classes: 10"), Hooks.Replace("INPUTS", Inputs)];
        Assert.Contains("CS0759", Assert.ThrowsAny<Exception>(() => Compiler.AssertCompiles(sources)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_spec_s_class_has_all_members_of_any_other_but_its_layers()
    {
        var broken = Members(Source(Specimens.Annotated + "\ngroups: 7")).ToHashSet();
        var brokenWithContext = Members(Source(WithContext + "\ncolours: 3")).ToHashSet();
        foreach (var spec in Specimens.Good)
        {
            var takesContext = spec.Contains("context_dim", StringComparison.Ordinal);
            Assert.Subset(takesContext ? brokenWithContext : broken, Members(Source(spec + "\nname: TinyUNet")).ToHashSet());
        }

        // And no more than those of a network with all conditions, and the hooks of one without any and of one with a context.
        Assert.Equal(
            [$"partial void OnForwarding({Inputs})", $"partial void OnForwarding({Inputs + Context + Conditions})"],
            broken.Except(Members(Source(Specimens.Annotated + "\nself_condition: true\ncondition_channels: 1"))));
    }

    private static string Call(string argument) => $$"""
        namespace Shop.Models;

        internal static class User
        {
            internal static object Use(TinyUNet net, global::TorchSharp.torch.Tensor x, global::TorchSharp.torch.Tensor c) =>
                net.forward(x, x, {{argument}});
        }
        """;

    [Fact]
    public void Kernels_of_the_reference_are_said_in_the_constructor_and_the_description()
    {
        var (fast, reference) = (Source(Specimens.Annotated), Source(Specimens.Annotated + "\nkernels: reference"));
        Assert.Equal(fast, Source(Specimens.Annotated + "\nkernels: fast"));
        Assert.Equal(
            ["        base.Kernels = global::UNetGen.Backends.KernelForm.Reference;", "        Kernels = global::UNetGen.Backends.KernelForm.Reference,"],
            reference.Split('\n').Except(fast.Split('\n')).Order());
    }

    [Fact]
    public void A_user_s_members_never_go_before_the_library_s()
    {
        // Of other parameters than the library's, they would hide it without a warning, and the network would compute with them.
        const string Members = """
            namespace Shop.Models;

            partial class TinyUNet
            {
                private static global::TorchSharp.torch.Tensor Concat(params global::TorchSharp.torch.Tensor[] all) => all[0];
            }
            """;
        Compiler.AssertCompiles([Source(Specimens.Annotated), Members]);
        string[] conditioned = [WithContext, Specimens.Annotated + "\nself_condition: true\ncondition_channels: 1\nzero_init: true"];
        foreach (var spec in EverySpec.Concat(conditioned))
        {
            var type = Class(GeneratorHarness.Run(spec).Source);
            var own = type.Members.OfType<MethodDeclarationSyntax>().Select(method => method.Identifier.Text);
            var called = type.DescendantNodes().OfType<InvocationExpressionSyntax>().Select(call => call.Expression);
            Assert.Subset(
                own.Union(["nameof", "register_module"]).ToHashSet(),
                called.OfType<IdentifierNameSyntax>().Select(name => name.Identifier.Text).ToHashSet());
        }
    }

    [Fact]
    public void No_class_can_have_the_name_of_a_member()
    {
        foreach (var spec in EverySpec)
        {
            var type = Class(GeneratorHarness.Run(spec).Source);
            var names = type.Members.Where(member => member is not ConstructorDeclarationSyntax).Select(member => member switch
            {
                FieldDeclarationSyntax field => field.Declaration.Variables.Single().Identifier.Text,
                PropertyDeclarationSyntax property => property.Identifier.Text,
                MethodDeclarationSyntax method => method.Identifier.Text,
                ClassDeclarationSyntax level => level.Identifier.Text,
                _ => throw new InvalidOperationException(member.ToString()),
            });
            Assert.All(names, name => Assert.NotNull(UNetGen.Generator.Specs.Names.FaultOfClass(name)));
        }
    }

    private static string[] EverySpec =>
        [.. Specimens.Good, Specimens.UserBlock, Specimens.Ddpm + "\nnum_classes: 10", Specimens.LucidrainsRms + "\nnum_classes: 10"];

    private static ClassDeclarationSyntax Class(string source) =>
        CSharpSyntaxTree.ParseText(source).GetRoot().DescendantNodes().OfType<ClassDeclarationSyntax>().First();

    private static string Source(string spec)
    {
        // A specimen may have a name of its own.
        var lines = spec.Split('\n');
        var last = Array.FindLastIndex(lines, line => line.StartsWith("name:", StringComparison.Ordinal));
        spec = string.Join('\n', lines.Where((line, i) => i == last || !IsName(line)));
        return GeneratorHarness.RunTwice(null, ("a.unet.yaml", spec)).Source;

        static bool IsName(string line) =>
            line.StartsWith("name:", StringComparison.Ordinal) || line.StartsWith("namespace:", StringComparison.Ordinal);
    }

    /// <summary>
    /// The declarations of constants, properties, methods and constructors, without bodies and values; hooks too, private as they are.
    /// </summary>
    private static IEnumerable<string> Members(string source)
    {
        foreach (var member in Class(source).Members.Where(member => member.Modifiers.Any(modifier => modifier.Text is "public" or "partial")))
        {
            if (member is FieldDeclarationSyntax field && field.Modifiers.Any(modifier => modifier.Text == "const"))
                yield return $"{field.Modifiers} {field.Declaration.Type} {field.Declaration.Variables.Single().Identifier}";
            else if (member is PropertyDeclarationSyntax property)
                yield return $"{property.Modifiers} {property.Type} {property.Identifier}";
            else if (member is MethodDeclarationSyntax method)
                yield return $"{method.Modifiers} {method.ReturnType} {method.Identifier}{method.ParameterList}";
            else if (member is ConstructorDeclarationSyntax constructor)
                yield return $"{constructor.Modifiers} {constructor.Identifier}{constructor.ParameterList}";
        }
    }
}
