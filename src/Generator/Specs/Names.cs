using Microsoft.CodeAnalysis.CSharp;

namespace UNetGen.Generator.Specs;

/// <summary>What a class and a namespace may be called.</summary>
internal static class Names
{
    // C# itself has 511, for both together more; a file's name, from which a class's is made, has 255.
    private const int MaxLength = 300;

    private const string IdentifierPattern = @"[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*";

    /// <summary>What a class's name looks like, to an editor; there are identifiers that it can't have.</summary>
    public const string ClassPattern = "^" + IdentifierPattern + "$";

    /// <summary>The same for names with dots between identifiers.</summary>
    public const string DottedPattern = "^" + IdentifierPattern + @"(\." + IdentifierPattern + ")*$";

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
        if (Emission.ClassSurface.ReservedMembers.Contains(name) || Planning.NetworkPlanner.IsMemberName(name))
            return $"'{name}' is what the generated class calls one of its own members; use '{name}UNet'";
        return null;
    }

    /// <summary>Why this can't be the namespace, or null where it can.</summary>
    public static string? FaultOfNamespace(string name) => FaultOfDottedName(name, "namespace", "My.Models");

    /// <summary>Why this can't be a type's name, or null where it can.</summary>
    public static string? FaultOfType(string name) => FaultOfDottedName(name, "type", "My.Blocks.MyBlock");

    private static string? FaultOfDottedName(string name, string what, string example)
    {
        if (name.Length > MaxLength)
            return $"'{Text.Shown(name)}' has {name.Length} letters; at most {MaxLength}";
        var wrong = name.Split('.').FirstOrDefault(part => !SyntaxFacts.IsValidIdentifier(part) || SyntaxFacts.GetKeywordKind(part) != SyntaxKind.None);
        if (wrong is null)
            return null;
        return $"'{Text.Shown(name)}' is no C# {what}: '{Text.Shown(wrong)}' is {(SyntaxFacts.IsValidIdentifier(wrong) ? "a keyword" : "no identifier")}; "
            + $"write identifiers with dots between them, as {example}";
    }

    /// <summary>The class of a spec that doesn't name it: <c>tiny.unet.yaml</c> is TinyUNet.</summary>
    public static string FromPath(string path)
    {
        const string suffix = "UNet";
        var file = path.Substring(path.LastIndexOfAny(['/', '\\']) + 1);
        var name = Text.PascalCase(file.Substring(0, file.Length - UNetGenerator.SpecExtension.Length));
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
        return better != name && better.Length < 64 && FaultOfClass(better) is null ? $"; use '{better}'" : "; use letters, digits and '_', a letter first";
    }
}
