using System.Collections.Immutable;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

/// <summary>What a class and a namespace may be called.</summary>
internal static class Names
{
    // C# itself has 511, for both together more; a file's name, from which a class's is made, has 255.
    private const int MaxLength = 300;

    private static readonly ImmutableArray<string> Libraries =
        ImmutableArray.Create("UNetGen", "TorchSharp", "Tensorboard", "System", "Microsoft");

    /// <summary>The runtime's namespaces, its root first.</summary>
    private static readonly ImmutableArray<string> OwnNamespaces = ImmutableArray.Create(
        "UNetGen", "UNetGen.Backends", "UNetGen.Blocks", "UNetGen.Data", "UNetGen.Diffusion", "UNetGen.Distributed", "UNetGen.Evaluation",
        "UNetGen.Files", "UNetGen.Interop", "UNetGen.Interop.Diffusers", "UNetGen.Logging", "UNetGen.Native", "UNetGen.Networks",
        "UNetGen.Pictures", "UNetGen.Sampling", "UNetGen.Sampling.Editing", "UNetGen.Training");

    /// <summary>The types of the runtime's root, and others that generated code names: no namespace can have their names.</summary>
    private static readonly ImmutableArray<string> NoNamespaces = ImmutableArray.Create(
        "System.InvalidOperationException", "TorchSharp.torch",
        "UNetGen.Files.AtomicFile", "UNetGen.Networks.Devices", "UNetGen.Networks.LevelInfo", "UNetGen.Files.LockedException",
        "UNetGen.Networks.NetworkInfo", "UNetGen.Networks.NoisePredictor", "UNetGen.Files.RegularFile",
        "UNetGen.UNetGenException", "UNetGen.Files.WriterLock");

    /// <summary>What a class's name looks like, to an editor; there are identifiers that it can't have.</summary>
    public const string ClassPattern = "^" + SpecWords.IdentifierPattern + "$";

    /// <summary>The same for names with dots between identifiers.</summary>
    public const string DottedPattern = "^" + SpecWords.IdentifierPattern + @"(\." + SpecWords.IdentifierPattern + ")*$";

    /// <summary>
    /// The project's root namespace, as the SDK's templates write one that C# doesn't take: <c>2d-models</c> is _2d_models. Empty where
    /// even that is no namespace.
    /// </summary>
    public static string SafeNamespace(string root)
    {
        var safe = string.Join(".", root.Split('.').Select(SafePart));
        return root.Length == 0 || FaultOfNamespace(safe) is not null ? "" : safe;

        static string SafePart(string part)
        {
            var plain = string.Concat(part.Select(c => SyntaxFacts.IsIdentifierPartCharacter(c) ? c : '_'));
            return SyntaxFacts.IsValidIdentifier(plain) && SyntaxFacts.GetKeywordKind(plain) == SyntaxKind.None ? plain : "_" + plain;
        }
    }

    /// <summary>Why this can't be the class's name, or null where it can.</summary>
    public static string? FaultOfClass(string name)
    {
        if (name.Length > MaxLength)
            return $"'{Text.Shown(name)}' has {name.Length} letters; at most {MaxLength}";
        if (!SyntaxFacts.IsValidIdentifier(name))
            return $"'{Text.Shown(name)}' is no C# identifier{Suggestion(name)}";
        if (IsKeyword(name))
            return $"'{name}' is a C# keyword{Suggestion(name)}";
        if (name.All(c => c is >= 'a' and <= 'z'))
            return $"'{name}' has lower-case letters alone, which C# reserves (CS8981){Suggestion(name)}";
        if (MemberNames.Contains(name))
            return $"'{name}' is what the generated class calls one of its own members; use '{name}UNet'";
        return null;
    }

    /// <summary>
    /// Why a class of this name can't stand in this namespace, or null where it can: a name that already means something else would break
    /// the code that uses it.
    /// </summary>
    /// <param name="rootNamespace">The project's, or an empty text.</param>
    public static string? FaultOfClassIn(string @namespace, string name, string rootNamespace)
    {
        var full = @namespace.Length == 0 ? name : $"{@namespace}.{name}";
        if (Libraries.Contains(full))
            return $"'{name}' is the namespace of a library that every network needs; use '{name}UNet'";
        if (IsInside(rootNamespace, full))
            return $"'{full}' is the project's root namespace, or the beginning of it; use '{name}UNet'";
        if ((OwnNamespaces.Contains(@namespace) || Libraries.Skip(1).Any(library => IsInside(@namespace, library)))
            && !name.EndsWith("UNet", StringComparison.OrdinalIgnoreCase))
            return $"'{full}' could be a type or namespace of the library's own; use '{name}UNet', or a namespace of yours";
        return null;
    }

    /// <summary>Why this can't be the namespace, or null where it can.</summary>
    public static string? FaultOfNamespace(string name) =>
        FaultOfDottedName(name, "namespace", "My.Models") ?? (NoNamespaces.FirstOrDefault(taken => IsInside(name, taken)) is { } type
            ? $"the namespace '{Text.Shown(name)}' can't be: {type} is a type; use a namespace of yours, as My.Models"
            : OwnNamespaces.Skip(1).FirstOrDefault(own => IsInside(name, own) && name != own) is { } inside
                ? $"the namespace '{Text.Shown(name)}' lies in {inside}, which is UNetGen's own; use a namespace of yours, as My.Models"
                : null);

    /// <summary>Why this can't be a type's name, or null where it can.</summary>
    public static string? FaultOfType(string name) => FaultOfDottedName(name, "type", "My.Blocks.MyBlock");

    /// <summary>Whether a dotted name is another, or begins with it.</summary>
    private static bool IsInside(string name, string outer) =>
        name.StartsWith(outer, StringComparison.Ordinal) && (name.Length == outer.Length || name[outer.Length] == '.');

    private static string? FaultOfDottedName(string name, string what, string example)
    {
        if (name.Length > MaxLength)
            return $"'{Text.Shown(name)}' has {name.Length} letters; at most {MaxLength}";
        var wrong = name.Split('.')
            .FirstOrDefault(part => !SyntaxFacts.IsValidIdentifier(part) || SyntaxFacts.GetKeywordKind(part) != SyntaxKind.None);
        if (wrong is null)
            return null;
        return $"'{Text.Shown(name)}' is no C# {what}: '{Text.Shown(wrong)}' is "
            + $"{(SyntaxFacts.IsValidIdentifier(wrong) ? "a keyword" : "no identifier")}; "
            + $"write identifiers with dots between them, as {example}";
    }

    /// <summary>The class of a spec that doesn't name it: <c>tiny.unet.yaml</c> is TinyUNet.</summary>
    public static string FromPath(string path)
    {
        const string suffix = "UNet";
        var file = path.Substring(path.LastIndexOfAny(['/', '\\']) + 1);
        var name = Text.PascalCase(file.Substring(0, file.Length - Paths.SpecExtension.Length));
        if (name.Length == 0 || char.IsDigit(name[0]))
            return suffix + name;
        return name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) ? name : name + suffix;
    }

    // Contextual keywords too: a class named record or var compiles only in some places.
    private static bool IsKeyword(string name) =>
        SyntaxFacts.GetKeywordKind(name) != SyntaxKind.None || SyntaxFacts.GetContextualKeywordKind(name) != SyntaxKind.None;

    private static string Suggestion(string name)
    {
        var better = Text.PascalCase(name);
        if (better.Length > 0 && char.IsDigit(better[0]))
            better = "UNet" + better;
        if (TextType.IsWordOfYaml(better))
            better += "UNet";
        return better != name && better.Length < 64 && FaultOfClass(better) is null
            ? $"; use '{better}'"
            : "; use letters, digits and '_', a letter first";
    }
}
