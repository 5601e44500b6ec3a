using Microsoft.CodeAnalysis;

namespace UNetGen.Generator.Diagnostics;

/// <summary>One descriptor a rule. The message is written where the rule is checked, with the numbers at hand.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor NotYaml = Rule("UNG0001", "The spec is not YAML");
    public static readonly DiagnosticDescriptor Tab = Rule("UNG0002", "A tab indents a line");
    public static readonly DiagnosticDescriptor DuplicateKey = Rule("UNG0003", "A key stands twice");
    public static readonly DiagnosticDescriptor UnknownKey = Rule("UNG0004", "Unknown key");
    public static readonly DiagnosticDescriptor UnknownValue = Rule("UNG0005", "Unknown value");
    public static readonly DiagnosticDescriptor MissingKey = Rule("UNG0006", "A required key is missing");
    public static readonly DiagnosticDescriptor WrongType = Rule("UNG0007", "A value of the wrong type");
    public static readonly DiagnosticDescriptor OutOfRange = Rule("UNG0008", "A value out of its range");
    public static readonly DiagnosticDescriptor SeveralDocuments = Rule("UNG0009", "Several YAML documents in one file");
    public static readonly DiagnosticDescriptor Indirection = Rule("UNG0010", "Anchors, aliases and tags are no part of the language");
    public static readonly DiagnosticDescriptor TooLarge = Rule("UNG0011", "The spec is too large or nested too deep");
    public static readonly DiagnosticDescriptor InvalidName = Rule("UNG0012", "The class or namespace can't have this name");
    public static readonly DiagnosticDescriptor Collision = Rule("UNG0013", "Two specs give the same class");
    public static readonly DiagnosticDescriptor Width = Rule("UNG0014", "A width that no network can have");
    public static readonly DiagnosticDescriptor Groups = Rule("UNG0015", "GroupNorm's groups don't divide a width");
    public static readonly DiagnosticDescriptor Halving = Rule("UNG0016", "The levels can't halve the image");
    public static readonly DiagnosticDescriptor Attention = Rule("UNG0017", "Attention that doesn't fit the levels");
    public static readonly DiagnosticDescriptor NoEffect = Rule("UNG0018", "The preset fixes this key, or it has no effect");
    public static readonly DiagnosticDescriptor NotSupported = Rule("UNG0019", "Part of the language, but not of this version");
    public static readonly DiagnosticDescriptor Schedule = Rule("UNG0020", "The noise schedule is impossible");
    public static readonly DiagnosticDescriptor Failure = Rule("UNG0099", "The generator failed");

    private static DiagnosticDescriptor Rule(string id, string title) =>
        new(id, title, "{0}", "UNetGen", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
