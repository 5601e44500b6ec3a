using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator;

/// <summary>
/// What a spec passes on to those that extend it: values without places, so that a comment or a moved line changes nothing for them.
/// </summary>
/// <param name="FullPath">With slashes; by it specs find one another.</param>
/// <param name="Path">Relative to the project, for people.</param>
/// <param name="Extends">The full path of its own base, or null.</param>
/// <param name="Uncertain">Keys whose values aren't known; with <c>extends</c> among them, neither is what it inherits.</param>
/// <param name="Broken">Whether it has errors as YAML.</param>
internal sealed record BaseSpec(
    string FullPath, string Path, EquatableArray<GivenKey> Keys, EquatableArray<string> Uncertain, string? Extends, bool Broken);

/// <summary>All specs that others extend, and every spec's full path.</summary>
internal sealed record Bases(EquatableArray<BaseSpec> Specs, EquatableArray<string> Paths);
