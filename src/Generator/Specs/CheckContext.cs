using Microsoft.CodeAnalysis;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>
/// What a check is given: the spec as far as it could be read, and which of its keys are known. A check judges only what it knows, so an
/// error hides no other that doesn't depend on it, and causes none that would vanish with it.
/// </summary>
internal sealed class CheckContext(UNetSpec spec, GivenKeys keys, Problems problems)
{
    public UNetSpec Spec { get; } = spec;

    public GivenKeys Keys { get; } = keys;

    /// <summary>
    /// Whether the value of each of these keys is known: it is given without an error, or it isn't given and its default is known.
    /// </summary>
    public bool Knows(params string[] names)
    {
        foreach (var key in names)
        {
            if (!KnowsLength(key) || IsAnyItemWrong(key))
                return false;
        }

        return true;
    }

    /// <summary>The same of a list whose length alone is asked for: items of it may be wrong.</summary>
    public bool KnowsLength(string list) =>
        AreCertain(list) && (Keys.Has(list) || Spec.Preset is not null || Fields.ByKey[list].HasOneDefault);

    /// <summary>The same of one item of a list, or of the value where it is none.</summary>
    public bool KnowsItem(string list, int index) => KnowsLength(list) && !Keys.IsItemUncertain(list, index)
        && (problems.WrongKeys.Count == 0 || !problems.WrongKeys.Contains(Text.Item(list, index)));

    /// <summary>Whether it is known of each of these what the spec says of it, if anything.</summary>
    public bool AreCertain(params string[] names)
    {
        foreach (var key in names)
        {
            if (problems.WrongKeys.Contains(key) || Keys.IsUncertain(key))
                return false;
        }

        return true;
    }

    /// <summary>At the value of a key.</summary>
    public void Report(DiagnosticDescriptor rule, string key, string message) => problems.Report(rule, key, Keys.Span(key), message);

    /// <summary>At an item of a list, or the value where it is none.</summary>
    public void ReportItem(DiagnosticDescriptor rule, string list, int index, string message) =>
        problems.Report(rule, Text.Item(list, index), Keys.ItemSpan(list, index), message);

    /// <summary>At a value that is known and doesn't go with another one.</summary>
    public void ReportMisfit(DiagnosticDescriptor rule, string key, string message) =>
        problems.ReportMisfit(rule, key, Keys.Span(key), message);

    /// <summary>The same at an item of a list.</summary>
    public void ReportItemMisfit(DiagnosticDescriptor rule, string list, int index, string message) =>
        problems.ReportMisfit(rule, Text.Item(list, index), Keys.ItemSpan(list, index), message);

    /// <summary>At the key itself, which shouldn't be there.</summary>
    public void ReportKey(DiagnosticDescriptor rule, string key, string message) => problems.Report(rule, key, Keys.KeySpan(key), message);

    public bool IsAnyItemWrong(string list) => Keys.IsAnyItemUncertain(list) || problems.WrongKeys.Any(wrong => Text.IsItemOf(wrong, list));
}
