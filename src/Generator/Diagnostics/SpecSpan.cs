using Microsoft.CodeAnalysis.Text;

namespace UNetGen.Generator.Diagnostics;

/// <summary>A place in a spec's file, counted in UTF-16 units from its start.</summary>
/// <param name="Inherited">
/// Of a value from another spec: which key and value, and from where. The place is then where this spec says <c>extends</c>.
/// </param>
internal readonly record struct SpecSpan(TextSpan Text, string? Inherited = null)
{
    public int Start => Text.Start;

    public static implicit operator SpecSpan(TextSpan text) => new(text);
}
