namespace UNetGen.Data;

/// <summary>What each image of a source has as its context, such as a text: tokens [tokens, width].</summary>
/// <param name="Tokens">How many.</param>
/// <param name="Width">Numbers of each token, a network's <c>context_dim</c>.</param>
public readonly record struct ContextShape(int Tokens, int Width)
{
    /// <summary>Numbers of a context.</summary>
    public int Count => checked(Tokens * Width);

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Tokens} x {Width}");
}
