namespace UNetGen.Generator;

/// <summary>A spec's file and the specs that it extends: all that the spec is read from.</summary>
internal sealed record FileWithBases(ParsedFile File, Inheritance Inheritance);
