using Microsoft.CodeAnalysis;

namespace UNetGen.Generator.Diagnostics;

/// <summary>
/// One descriptor for each rule, with the reason for the rule. The message is written where the rule is checked: the numbers are there.
/// </summary>
internal static class Rules
{
    /// <summary>Where each rule has its page, by its id: what an IDE opens for a diagnostic.</summary>
    public const string Pages = "https://github.com/unetgen/unetgen/blob/main/docs/rules/";

    public static readonly DiagnosticDescriptor NotYaml = Rule("UNG0001", "The spec is not YAML",
        "A spec is YAML 1.2, so that every editor and every other program can read it.");
    public static readonly DiagnosticDescriptor Tab = Rule("UNG0002", "A tab indents a line",
        "YAML forbids tabs in indentation, because their width is a matter of taste and the structure must not be.");
    public static readonly DiagnosticDescriptor DuplicateKey = Rule("UNG0003", "A key stands twice",
        "Of two values for one key, one would be lost in silence.");
    public static readonly DiagnosticDescriptor UnknownKey = Rule("UNG0004", "Unknown key",
        "A misspelt key would leave its default in place, and the network would quietly be another.");
    public static readonly DiagnosticDescriptor UnknownValue = Rule("UNG0005", "Unknown value",
        "A misspelt word can't stand for anything.");
    public static readonly DiagnosticDescriptor MissingKey = Rule("UNG0006", "A required key is missing",
        "These keys have no default that would suit most networks.");
    public static readonly DiagnosticDescriptor WrongType = Rule("UNG0007", "A value of the wrong type",
        "A value is read as what it is written as: nothing is converted that might have meant something else.");
    public static readonly DiagnosticDescriptor OutOfRange = Rule("UNG0008", "A value out of its range",
        "Outside its range the value has no meaning, or the network can't be computed.");
    public static readonly DiagnosticDescriptor SeveralDocuments = Rule("UNG0009", "Several YAML documents in one file",
        "A file is one network and gives one class.");
    public static readonly DiagnosticDescriptor Indirection = Rule("UNG0010", "Anchors, aliases and tags are no part of the language",
        "Every value of a spec stands where it is read; anchors and tags also let a small file stand for a huge one.");
    public static readonly DiagnosticDescriptor TooLarge = Rule("UNG0011", "The spec is too large or nested too deep",
        "The compiler reads specs at every keystroke; a real one has some thirty keys.");
    public static readonly DiagnosticDescriptor InvalidName = Rule("UNG0012", "The class or namespace can't have this name",
        "The names become C# identifiers.");
    public static readonly DiagnosticDescriptor Collision = Rule("UNG0013", "Two specs give the same class",
        "One class can't be two networks; on some systems names that differ by case are one file.");
    public static readonly DiagnosticDescriptor Width = Rule("UNG0014", "A width that no network can have",
        "Half of dim are sines, half cosines; a level has at least one channel and not so many that its size overflows.");
    public static readonly DiagnosticDescriptor Groups = Rule("UNG0015", "GroupNorm's groups don't divide a width",
        "GroupNorm normalises groups of equally many channels.");
    public static readonly DiagnosticDescriptor Halving = Rule("UNG0016", "The levels can't halve the image",
        "Each level but the last halves height and width exactly, so that the way up meets the skips at their size.");
    public static readonly DiagnosticDescriptor Attention = Rule("UNG0017", "Attention that doesn't fit the levels",
        "Attention is said for levels that exist, with heads and scores that a machine can address.");
    public static readonly DiagnosticDescriptor NoEffect = Rule("UNG0018", "The preset fixes this key, or it has no effect",
        "A key that changes nothing tells its reader something untrue about the network.");
    public static readonly DiagnosticDescriptor Schedule = Rule("UNG0020", "The noise schedule is impossible",
        "A beta is the share of noise that a step adds: it lies between 0 and 1. EDM's noise falls from sigma_max to sigma_min.");
    public static readonly DiagnosticDescriptor ExtendsMissing = Rule("UNG0021", "The extended spec is not there",
        "What a spec doesn't say itself it takes from the one that it extends: without that it is no whole spec.");
    public static readonly DiagnosticDescriptor ExtendsCycle = Rule("UNG0022", "Specs extend one another in a circle",
        "In a circle each spec waits for the values of the next, and none has the first.");
    public static readonly DiagnosticDescriptor ManyTokens = Rule("UNG0023", "Full attention over many tokens",
        "Each token is compared with each: twice the size is sixteen times the scores, and soon no memory has room for them.",
        DiagnosticSeverity.Warning);
    public static readonly DiagnosticDescriptor ManyParameters = Rule("UNG0024", "More parameters than the project allows",
        "A multiplier too many costs gigabytes, which otherwise shows only when the network is made.", DiagnosticSeverity.Warning);
    public static readonly DiagnosticDescriptor NetworkSize = Rule("UNG0025", "The network's size",
        "What a spec costs is seen where it is written.", DiagnosticSeverity.Info);
    public static readonly DiagnosticDescriptor OneALevel = Rule("UNG0026", "A list without one entry per level",
        "A list that is shorter or longer than channel_multipliers leaves open which level an entry is for.");
    public static readonly DiagnosticDescriptor LearnedVariance = Rule("UNG0027", "A learned variance that the diffusion can't use",
        "Network and diffusion must agree on whether the variance is predicted: the one has channels for it, the other reads them.");
    public static readonly DiagnosticDescriptor Heads = Rule("UNG0028", "Heads that don't divide the attended width",
        "In ddpm, adm and conditional, heads times features a head is the width of the place that attends.");
    public static readonly DiagnosticDescriptor NoResolution = Rule("UNG0029", "The preset's attention finds no level",
        "The families ddpm and adm attend at certain sizes; where no level has one of them, the network is quietly another than its preset "
        + "suggests.",
        DiagnosticSeverity.Warning);
    public static readonly DiagnosticDescriptor LastTimestep = Rule("UNG0031", "A last timestep that can't be learnt",
        "Every picture starts at the last timestep: what is predicted there must say something of the image, and must be trained.");
    public static readonly DiagnosticDescriptor Channels = Rule("UNG0032", "Channels that don't add up",
        "Of the channels that go in, the first are the image's, which also come out, and the others its condition: one number says how "
        + "many.");
    public static readonly DiagnosticDescriptor Failure = Rule("UNG0099", "The generator failed",
        "A fault of the generator's own, reported as a diagnostic so that the other specs still get their classes.");

    private static DiagnosticDescriptor Rule(string id, string title, string why, DiagnosticSeverity severity = DiagnosticSeverity.Error) =>
        new(id, title, "{0}", "UNetGen", severity, isEnabledByDefault: true, description: why, helpLinkUri: $"{Pages}{id}.md");
}
