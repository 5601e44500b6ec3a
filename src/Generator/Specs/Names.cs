using Microsoft.CodeAnalysis.CSharp;

namespace UNetGen.Generator.Specs;

/// <summary>What a class and a namespace may be called.</summary>
internal static class Names
{
    /// <summary>Why this can't be the class's name, or null where it can.</summary>
    public static string? FaultOfClass(string name)
    {
        if (!SyntaxFacts.IsValidIdentifier(name))
            return $"'{name}' is no C# identifier{Suggestion(name)}";
        if (IsKeyword(name))
            return $"'{name}' is a C# keyword{Suggestion(name)}";
        if (Emission.NetworkEmitter.ReservedMembers.Contains(name) || Planning.UNetPlanner.IsMemberName(name))
            return $"'{name}' is what the generated class calls one of its own members; use '{name}UNet'";
        return null;
    }

    /// <summary>Why this can't be the namespace, or null where it can.</summary>
    public static string? FaultOfNamespace(string name)
    {
        var wrong = name.Split('.').FirstOrDefault(part => !SyntaxFacts.IsValidIdentifier(part) || IsKeyword(part));
        return wrong is null ? null : $"'{name}' is no C# namespace: '{wrong}' is {(IsKeyword(wrong) ? "a keyword" : "no identifier")}";
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
        return SyntaxFacts.IsValidIdentifier(better) && !IsKeyword(better) && better != name ? $"; use '{better}'" : "; use letters, digits and '_', a letter first";
    }
}
