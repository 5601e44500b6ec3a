using System.Globalization;
using System.Text;
using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>
/// A module as PyTorch prints it: its type, what it was made with, and its parts under their keys, two spaces further in.
/// </summary>
internal static class ModuleTree
{
    public static string Of(nn.Module module)
    {
        var parts = Parts(module);
        var settings = Settings(module);
        if (parts.Count == 0)
            return $"{TypeOf(module)}({settings})";
        var text = new StringBuilder($"{TypeOf(module)}(\n");
        if (settings.Length > 0)
            text.Append("  ").Append(settings).Append('\n');
        foreach (var part in parts)
            text.Append("  ").Append(part.Replace("\n", "\n  ", StringComparison.Ordinal)).Append('\n');
        return text.Append(')').ToString();
    }

    /// <summary>Each <c>(key): Type(...)</c>; alike neighbours of a list are one, <c>(0-1): 2 x Type(...)</c>.</summary>
    private static List<string> Parts(nn.Module module)
    {
        var parts = new List<string>();
        var children = module.named_children().Select(child => (Key: child.name, Text: Of(child.module))).ToList();
        for (var i = 0; i < children.Count; i++)
        {
            var first = i;
            while (i + 1 < children.Count && children[i + 1].Text == children[i].Text && Follows(children[i].Key, children[i + 1].Key))
                i++;
            var (key, text) = children[first];
            parts.Add(i == first ? $"({key}): {text}" : $"({key}-{children[i].Key}): {i - first + 1} x {text}");
        }

        return parts;
    }

    private static bool Follows(string key, string next) => Number(key) is { } number && Number(next) == number + 1;

    private static int? Number(string key) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string TypeOf(nn.Module module) => module is not ModuleGroup
        ? module.GetType().Name.Split('`')[0] // the name that it was given may be libtorch's
        : module.named_children().All(child => Number(child.name) is not null) ? "ModuleList" : "ModuleDict";

    /// <summary>What PyTorch's <c>extra_repr</c> says of the layers that networks here are made of; of others nothing.</summary>
    private static string Settings(nn.Module module) => module switch
    {
        Convolution conv => Settings(conv),
        WeightStandardizedConv2d { weight.shape: var shape } =>
            $"{shape[1]}, {shape[0]}, kernel_size=({shape[2]}, {shape[3]}), stride=(1, 1), padding=({shape[2] / 2}, {shape[3] / 2})",
        Linear linear => $"in_features={linear.in_features}, out_features={linear.out_features}, bias={Word(linear.bias is not null)}",
        GroupNorm { weight: var weight } norm =>
            $"{norm.num_groups}, {weight?.shape[0]}, eps={Number(norm.eps)}, affine={Word(norm.affine)}",
        LayerNorm norm => $"{Tuple(norm.normalized_shape)}, eps={Number(norm.eps)}, elementwise_affine={Word(norm.elementwise_affine)}",
        Embedding { weight: { } weight } => $"{weight.shape[0]}, {weight.shape[1]}",
        _ => "",
    };

    private static string Settings(Convolution conv)
    {
        var text = new StringBuilder($"{conv.in_channels}, {conv.out_channels}, kernel_size={Tuple(conv.kernel_size)}");
        text.Append($", stride={Tuple(conv.stride)}");
        if (conv.padding is { } padding && padding.Any(size => size != 0))
            text.Append($", padding={Tuple(padding)}");
        if (conv.dilation.Any(size => size != 1))
            text.Append($", dilation={Tuple(conv.dilation)}");
        if (conv.output_padding is { } output && output.Any(size => size != 0))
            text.Append($", output_padding={Tuple(output)}");
        if (conv.groups != 1)
            text.Append(CultureInfo.InvariantCulture, $", groups={conv.groups}");
        if (conv.bias is null)
            text.Append(", bias=False");
        if (conv.padding_mode != PaddingModes.Zeros)
            text.Append($", padding_mode={conv.padding_mode.ToString().ToLowerInvariant()}");
        return text.ToString();
    }

    private static string Tuple(long[] sizes) => $"({string.Join(", ", sizes)}{(sizes.Length == 1 ? "," : "")})";

    /// <summary>As Python writes it: 1e-05.</summary>
    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture).Replace('E', 'e');

    private static string Word(bool value) => value ? "True" : "False";
}
