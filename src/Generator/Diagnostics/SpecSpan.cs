using Microsoft.CodeAnalysis.Text;

namespace UNetGen.Generator.Diagnostics;

/// <summary>A place in a spec's file, counted in UTF-16 units from its start.</summary>
/// <param name="Inherited">
/// For a value from another spec, what a message says of it: its key, its value, and that spec; the place is then where this one says
/// <c>extends</c>. Null: the value is this spec's own.
/// </param>
internal readonly record struct SpecSpan(TextSpan Text, string? Inherited = null)
{
    public int Start => Text.Start;

    public static implicit operator SpecSpan(TextSpan text) => new(text);
}
