using System.Globalization;
using UNetGen.Generator.Common;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Emission;

/// <summary>Which of the forms of <c>forward</c> a class has, and its hook.</summary>
internal enum ForwardForm { Plain, Conditional, WithContext }

/// <summary>What a class declares whether its spec is right or not, so that code which uses it compiles in both cases.</summary>
internal static class ClassSurface
{
    public static void Open(SourceWriter writer, string name, bool isInternal) => writer.Open(
        $"{(isInternal ? "internal" : "public")} sealed partial class {name} : global::UNetGen.Networks.NoisePredictor");

    /// <param name="broken">
    /// Whether the spec has errors: then shapes may be others than it will say, and nothing is ever made of these layers.
    /// </param>
    public static void EmitFields(SourceWriter writer, EquatableArray<ModulePlan> modules, bool broken = false)
    {
        foreach (var module in modules)
        {
            writer.Summary(broken ? $"{module.Summary}." : $"{module.Summary}: {module.Shapes}.");
            writer.Line($"public readonly {CSharpText.Type(module.Type)} {module.Field}{(broken ? " = null!" : "")};");
            writer.Line();
        }
    }

    /// <summary>The class of a level, inside the network's, and its fields.</summary>
    /// <param name="broken">As for <see cref="EmitFields"/>.</param>
    public static void OpenLevel(SourceWriter writer, ModulePlan level, bool broken = false)
    {
        writer.Line();
        writer.Summary(broken ? $"{level.Summary}." : $"{level.Summary}: {level.Shapes}.");
        writer.Open($"public sealed class {level.Type} : global::TorchSharp.torch.nn.Module");
        EmitFields(writer, level.Children, broken);
    }

    /// <summary>Nothing is counted where some blocks are the user's own: <c>Info</c> then counts the live parameters.</summary>
    public static void EmitConstants(SourceWriter writer, NetworkPlan plan) => EmitConstants(writer, new Constants
    {
        Counted = plan.IsOpen ? null : (plan.ParameterCount, plan.ForwardFlops),
        Channels = plan.Channels,
        ConditionChannels = plan.ConditionChannels,
        OutChannels = plan.OutChannels,
        Height = plan.Height,
        Width = plan.Width,
        DownsampleFactor = plan.DownsampleFactor,
        ContextDim = plan.ContextDim,
        SpecHash = plan.SpecHash,
    });

    /// <summary>
    /// Constants of a spec with errors: what could be read, else 1, since code that divides by a constant 0 doesn't compile.
    /// </summary>
    /// <param name="writer">Writes them.</param>
    /// <param name="broken">What could be read.</param>
    /// <param name="contextDim">Of the network that it may be meant to be; null: it takes no context, or that isn't known.</param>
    public static void EmitConstants(SourceWriter writer, UNetSpec broken, int? contextDim)
    {
        var channels = Math.Max(1, broken.Channels);
        EmitConstants(writer, new Constants
        {
            Counted = (1, 1),
            Channels = channels,
            ConditionChannels = Math.Max(1, broken.ConditionChannels), // whole specs have it only where there is a condition
            OutChannels = channels,
            Height = Math.Max(1, broken.ImageSize.Height),
            Width = Math.Max(1, broken.ImageSize.Width),
            DownsampleFactor = 1,
            ContextDim = contextDim,
            SpecHash = "",
        });
    }

    /// <summary>
    /// Partial methods for the user's own part of the class. One that isn't implemented is no method, and its calls aren't there.
    /// </summary>
    /// <param name="writer">Writes them.</param>
    /// <param name="inputs">What <c>forward</c> takes; null: not known, since the spec has errors.</param>
    /// <param name="withCondition">Whether the images have a condition behind them.</param>
    public static void EmitHooks(SourceWriter writer, ForwardForm? inputs, bool withCondition)
    {
        writer.Summary("A hook for your own part of the class: the constructor has made and registered all parts, "
            + "and not moved them to another device or type yet.");
        writer.Line("partial void OnConstructed();");
        writer.Line();
        (string, string)[] conditions =
        [
            ("labels", "The class of each image, [batch]; null where none was given."),
            ("selfCondition", "The previous estimate of the clean images; null where none was given."),
        ];
        if (inputs is null or ForwardForm.Plain)
            Forwarding(CSharpText.ForwardInputs, []);
        if (inputs is null or ForwardForm.Conditional)
            Forwarding(CSharpText.ConditionalForwardInputs, conditions);
        if (inputs is null or ForwardForm.WithContext)
            Forwarding(
                CSharpText.ContextForwardInputs, conditions.Prepend(("context", "What is attended to, [batch, tokens, context_dim].")));

        writer.Summary("A hook for your own part of the class, when the forward pass is done. "
            + "Tensors that it makes live as long as the pass, and the output as long as the caller wants.");
        writer.Line("/// <param name=\"output\">The prediction, [batch, out channels, height, width]; another may take its place.</param>");
        writer.Line($"partial void OnForwarded(ref {CSharpText.Tensor} output);");
        writer.Line();

        void Forwarding(string inputs, IEnumerable<(string Name, string Summary)> conditions)
        {
            writer.Summary("A hook for your own part of the class, before the forward pass looks at its arguments; each may be replaced. "
                + "Tensors that it makes live as long as the pass.");
            writer.Line(withCondition
                ? "/// <param name=\"x\">Noised images with their condition, [batch, channels + condition channels, height, width].</param>"
                : "/// <param name=\"x\">Noised images, [batch, channels, height, width].</param>");
            writer.Line("/// <param name=\"timesteps\">How noised each is, [batch].</param>");
            foreach (var (name, summary) in conditions)
                writer.Line($"/// <param name=\"{name}\">{summary}</param>");
            writer.Line($"partial void OnForwarding({inputs});");
            writer.Line();
        }
    }

    private static void EmitConstants(SourceWriter writer, Constants values)
    {
        if (values.Counted is var (parameters, flops))
        {
            Constant("Trainable parameters.", "long", "ParameterCount", Number(parameters));
            var tokens = values.ContextDim is null ? "" : $" The context is counted with {LayerPlans.CountedTokens} tokens.";
            Constant("Floating point operations of one forward pass of one image: convolutions, linear layers and attention's products, "
                + $"a multiply-add as two; norms, activations and sums don't count.{tokens}",
                "long", "ForwardFlops", Number(flops));
        }

        Constant("Channels of the images that go in.", "int", "Channels", Number(values.Channels));
        if (values.ConditionChannels > 0)
            Constant("Channels of their condition, which go in behind them and aren't predicted.", "int", "ConditionChannels",
                Number(values.ConditionChannels));
        Constant("Channels that come out.", "int", "OutChannels", Number(values.OutChannels));
        Constant("Height of the images, pixels.", "int", "ImageHeight", Number(values.Height));
        Constant("Width of the images, pixels.", "int", "ImageWidth", Number(values.Width));
        Constant("Height and width of the image over those of the lowest level.", "int", "DownsampleFactor",
            Number(values.DownsampleFactor));
        if (values.ContextDim is { } contextDim)
            Constant("Width of the context's tokens, [batch, tokens, width].", "int", "ContextDim", Number(contextDim));
        Constant("SHA-256 of the effective spec: two networks with the same hash load each other's weights.", "string", "SpecHash",
            CSharpText.Literal(values.SpecHash));

        void Constant(string summary, string type, string name, string value)
        {
            writer.Summary(summary);
            writer.Line($"public const {type} {name} = {value};");
            writer.Line();
        }
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Constants
    {
        public required (long Parameters, long Flops)? Counted { get; init; }
        public required int Channels { get; init; }
        public required int ConditionChannels { get; init; }
        public required int OutChannels { get; init; }
        public required int Height { get; init; }
        public required int Width { get; init; }
        public required int DownsampleFactor { get; init; }
        public required int? ContextDim { get; init; }
        public required string SpecHash { get; init; }
    }
}
