using Microsoft.CodeAnalysis.Text;

namespace UNetGen.Generator.Diagnostics;

/// <summary>A place in a spec's file, counted in UTF-16 units from its start.</summary>
/// <param name="Inherited">For what another spec says: which key that is, and where; the place is then the path by which it is inherited.</param>
internal readonly record struct SpecSpan(TextSpan Text, string? Inherited = null)
{
    public int Start => Text.Start;

    public static implicit operator SpecSpan(TextSpan text) => new(text);
}
