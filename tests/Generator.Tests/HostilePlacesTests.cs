using System.Reflection;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;
using UNetGen.Networks;

namespace UNetGen.Generator.Tests;

/// <summary>
/// Where a class's name or its neighbours mean something else to C#: either the code compiles all the same, or the name is an error in the
/// spec.
/// </summary>
public sealed class HostilePlacesTests
{
    [Theory]
    [InlineData("System", "TinyUNet")]
    [InlineData("System.Collections.Generic", "ListUNet")]
    [InlineData("Microsoft.Extensions", "MyUnet")]
    [InlineData("TorchSharp", "TorchUNet")]
    [InlineData("TorchSharp.Modules", "TinyUNet")]
    [InlineData("UNetGen", "NoisePredictorUNet")]
    [InlineData("UNetGen.Blocks", "ResnetBlockUNet")]
    [InlineData("UNetGen.Examples", "ResnetBlock")]
    [InlineData("torch.nn.Module", "Tensor")]
    [InlineData("Shop.System", "TorchSharp")]
    [InlineData("Shop.TorchSharp.torch", "UNetGen")]
    [InlineData("Systems", "System")]
    [InlineData("Shop.Models.Inside", "Models")]
    [InlineData("global.file.scoped.required.field.extension.allows.nint.dynamic", "TinyUNet")]
    public void A_name_that_is_not_taken_compiles(string @namespace, string name)
    {
        var keys = $"\nname: {name}\nnamespace: {@namespace}";
        Compiler.AssertCompiles(GeneratorHarness.Run(Specimens.LucidrainsRms + keys));
        Compiler.AssertCompiles(GeneratorHarness.RunTwice(null, ("a.unet.yaml", "preset: [" + keys)));
    }

    [Theory]
    [InlineData("", "System")]
    [InlineData("", "Microsoft")]
    [InlineData("", "TorchSharp")]
    [InlineData("", "UNetGen")]
    [InlineData("System", "Object")]
    [InlineData("System", "Collections")]
    [InlineData("System.Threading.Tasks", "Task")]
    [InlineData("System.Runtime.CompilerServices", "IsExternalInit")]
    [InlineData("System.InvalidOperationException", "TinyUNet")]
    [InlineData("TorchSharp", "Modules")]
    [InlineData("TorchSharp.Modules", "Conv2d")]
    [InlineData("TorchSharp.torch", "TinyUNet")]
    [InlineData("TorchSharp.torch.nn", "TinyUNet")]
    [InlineData("UNetGen", "Blocks")]
    [InlineData("UNetGen.Networks.NoisePredictor", "TinyUNet")]
    [InlineData("UNetGen.Blocks.ResnetBlock", "TinyUNet")]
    [InlineData("Shop", "Models")]
    public void A_name_that_is_taken_is_an_error_and_the_class_has_another(string @namespace, string name)
    {
        var options = new ProjectOptions(@namespace.Length == 0 ? "" : "Shop.Models", GeneratorProject.Directory);
        var keys = $"\nname: {name}" + (@namespace.Length == 0 ? "" : $"\nnamespace: {@namespace}");
        foreach (var spec in new[] { Specimens.LucidrainsRms, "preset: [" })
        {
            var run = GeneratorHarness.RunTwice(options, ("a.unet.yaml", spec + keys));
            Assert.Equal(spec[^1] == '[' ? "UNG0001" : "UNG0012", Assert.Single(run.Diagnostics).Id);
            Compiler.AssertCompiles([run.Source, "namespace Shop.Models { }"]);
        }
    }

    [Fact]
    public void An_assembly_that_says_it_keeps_to_what_every_language_of_NET_knows_compiles()
    {
        const string compliant = "[assembly: System.CLSCompliant(true)]";
        foreach (var spec in new[] { Specimens.LucidrainsRms, Specimens.Conditional, "preset: [" })
            Compiler.AssertCompiles([GeneratorHarness.RunTwice(null, ("a.unet.yaml", spec)).Source, compliant]);
    }

    /// <summary>The lists in Names, which the generator can't make itself: it doesn't reference the runtime.</summary>
    [Fact]
    public void Every_type_and_namespace_of_the_runtime_and_of_TorchSharp_is_taken()
    {
        var runtime = typeof(NoisePredictor).Assembly.GetExportedTypes().Where(type => !type.IsNested).ToList();
        Assert.All(runtime, type => Assert.True(
            Names.FaultOfNamespace($"{type.Namespace}.{Plain(type)}.Models") is not null, $"a namespace inside {type} must be refused"));
        var types = runtime.Concat(typeof(TorchSharp.torch).Assembly.GetExportedTypes().Where(type => !type.IsNested)).ToList();
        Assert.All(types, type => Assert.True(
            Names.FaultOfClassIn(type.Namespace!, Plain(type), "") is not null, $"a class called {type} must be refused"));
        Assert.All(types.Select(type => type.Namespace!).Distinct(), name => Assert.True(
            Names.FaultOfClassIn(name[..Math.Max(0, name.LastIndexOf('.'))], name.Split('.')[^1], "") is not null,
            $"a class called {name} must be refused"));

        static string Plain(MemberInfo type) => type.Name.Split('`')[0];
    }

    [Theory]
    [InlineData(
        "namespace Shop.Models { class System; class TorchSharp; class UNetGen; class Tensor; class Module; class NoisePredictor; "
        + "class LevelInfo; class String; class Int32; }")]
    [InlineData(
        "namespace Shop { class System; class TorchSharp; class UNetGen; enum Norm { Group } class Conv2d; class Object; "
        + "static class Concat; }")]
    [InlineData(
        "namespace Shop.Models.System { class InvalidOperationException; } namespace Shop.Models.TorchSharp.Modules { class Conv2d; } "
        + "namespace Shop.Models.UNetGen.Blocks { class ResnetBlock; }")]
    [InlineData("namespace Shop.UNetGen { class NoisePredictor; } namespace Shop.TorchSharp { static class Torch { } }")]
    [InlineData("class Tensor; class NoisePredictor; class Module; class ModuleGroup; class LevelInfo; class ResnetBlock; class Conv2d;")]
    public void A_users_own_types_and_namespaces_change_nothing(string users)
    {
        var specs = Specimens.Good.Append(Specimens.Broken).Select((spec, i) => ($"a{i}.unet.yaml", spec)).ToArray();
        Compiler.AssertCompiles([users, .. GeneratorHarness.RunTwice(null, specs).Sources.Values]);
    }

    [Theory]
    [InlineData("namespace Shop { EXTENSIONS }")]
    [InlineData("EXTENSIONS")]
    [InlineData("global using Others; namespace Others { EXTENSIONS }")]
    public void A_users_own_extension_methods_of_tensors_change_nothing(string users)
    {
        const string extensions = """
            static class Extensions
            {
                [System.Obsolete("The user's own.", error: true)]
                public static T Plus<T>(this T branch, T shortcut) where T : TorchSharp.torch.Tensor => branch;

                [System.Obsolete("The user's own.", error: true)]
                public static T Freeing<T>(this T value, params T[] last) where T : TorchSharp.torch.Tensor => value;
            }
            """;
        Compiler.AssertCompiles([users.Replace("EXTENSIONS", extensions), GeneratorHarness.Run(Specimens.LucidrainsRms).Source]);
    }

    [Fact]
    public void A_users_aliases_change_nothing() => Compiler.AssertCompiles([
        "global using TorchSharp = System.String; global using UNetGen = System.Int32; global using Tensor = System.Int64; "
        + "global using System = System.Text; global using NoisePredictor = System.Object;",
        GeneratorHarness.Run(Specimens.ManyKeys).Source,
    ]);
}
