using System.Text.RegularExpressions;

namespace UNetGen.Interop.Diffusers;

/// <summary>
/// The keys of attention in files from before diffusers 0.15: <c>query</c>, <c>key</c>, <c>value</c> and <c>proj_attn</c> for <c>to_q</c>,
/// <c>to_k</c>, <c>to_v</c> and <c>to_out.0</c>. The tensors are the same.
/// </summary>
internal static partial class AttentionKeys
{
    /// <summary>Today's key, or the key itself where it isn't one of those.</summary>
    public static string Current(string key) => Old().Replace(key, match => match.Value switch
    {
        "query" => "to_q",
        "key" => "to_k",
        "value" => "to_v",
        _ => "to_out.0",
    });

    [GeneratedRegex(@"(?<=\.attentions\.[0-9]+\.)(query|key|value|proj_attn)(?=\.(weight|bias)$)", RegexOptions.CultureInvariant)]
    private static partial Regex Old();
}
