using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Emission;

/// <summary>
/// Plan to C# expressions. Types are written with global::, so that no name in the user's project can change their meaning.
/// </summary>
internal static class CSharpText
{
    public const string Tensor = "global::TorchSharp.torch.Tensor";

    /// <summary>What every network's constructor takes.</summary>
    public const string ConstructorInputs =
        "global::TorchSharp.torch.Device? device = null, global::TorchSharp.torch.ScalarType? dtype = null";

    /// <summary>The forward pass of a network without conditions.</summary>
    public const string Forward = $"forward({Tensor} x, {Tensor} timesteps)";

    /// <summary>The forward pass of a network with labels, self-condition or both.</summary>
    public const string ConditionalForward = $"forward({Tensor} x, {Tensor} timesteps, {Tensor}? labels, {Tensor}? selfCondition = null)";

    /// <summary>Its arguments, as hooks are given them.</summary>
    public const string ForwardInputs = $"ref {Tensor} x, ref {Tensor} timesteps";

    public const string ConditionalForwardInputs = $"{ForwardInputs}, ref {Tensor}? labels, ref {Tensor}? selfCondition";

    /// <summary>The forward pass of a network with a context, whatever else it has.</summary>
    public const string ContextForward =
        $"forward({Tensor} x, {Tensor} timesteps, {Tensor}? context, {Tensor}? labels = null, {Tensor}? selfCondition = null)";

    public const string ContextForwardInputs =
        $"{ForwardInputs}, ref {Tensor}? context, ref {Tensor}? labels, ref {Tensor}? selfCondition";

    /// <summary>A type or method of the runtime or of TorchSharp; a name without dots is one inside the network's own class.</summary>
    public static string Type(string name)
    {
        if (!name.Contains('.') || name.StartsWith("global::", StringComparison.Ordinal))
            return name;
        var generic = name.IndexOf('<');
        if (generic < 0)
            return "global::" + name;
        var arguments = name.Substring(generic + 1).TrimEnd('>').Split(',').Select(argument => Type(argument.Trim()));
        return $"global::{name.Substring(0, generic)}<{string.Join(", ", arguments)}>";
    }

    public static string Construction(ModulePlan module) =>
        $"{(module.Factory is { } factory ? Type(factory) : "new " + Type(module.Type))}({Arguments(module.Arguments)})";

    public static string Value(object value) => value switch
    {
        int number => number.ToString(CultureInfo.InvariantCulture),
        double number => Double(number),
        string text => Literal(text),
        bool truth => truth ? "true" : "false",
        EnumValue choice => $"global::{choice.Type}.{choice.Name}",
        SharedPlan shared => shared.Name,
        ModulePlan module => Construction(module),
        _ => throw new ArgumentOutOfRangeException(nameof(value), value.GetType().Name, "no C# for this type"),
    };

    public static string Expression(Expression expression) => expression switch
    {
        Variable variable => variable.Name,
        Call call => $"{call.Module}.forward({string.Join(", ", call.Arguments.Select(Expression))})",
        OwnBlockCall own => $"base.ForwardOwn({own.Module}, {Expression(own.X)}, {StepPlan.Time}, channels: {own.Channels})",
        Concatenation concat => $"base.Concat({Expression(concat.First)}, {Expression(concat.Second)})",
        Function function => $"base.{function.Name}({string.Join(", ", function.Arguments.Select(Expression))})",
        Addition sum => $"{Expression(sum.Made)}.AddedTo({Expression(sum.Other)})",
        PreviousEstimate estimate => $"selfCondition ?? global::TorchSharp.torch.zeros_like({Images(estimate)})",
        _ => throw new ArgumentOutOfRangeException(nameof(expression), expression.GetType().Name, "no C# for this expression"),
    };

    /// <summary>A verbatim string: raw ones need C# 11.</summary>
    public static string Verbatim(string text) => $"@\"{text.Replace("\"", "\"\"")}\"";

    public static string Literal(string text) => SymbolDisplay.FormatLiteral(text, quote: true);

    private static string Images(PreviousEstimate estimate) =>
        estimate.WithCondition ? $"{estimate.Like}.narrow(1, 0, Channels)" : estimate.Like;

    private static string Arguments(IEnumerable<Argument> arguments) =>
        string.Join(", ", arguments.Select(argument => (argument.Name is { } name ? name + ": " : "") + Value(argument.Value)));

    private static string Double(double number)
    {
        var text = SpecWords.Number(number);
        return text.IndexOfAny(['.', 'e']) < 0 ? text + ".0" : text;
    }
}
