using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Places are exact whatever stands before them: the parser counts in its own way, Roslyn in UTF-16 units.</summary>
public sealed class PlaceTests
{
    private const string Odd = "UNG0014: dim 15: the base width must be even, from 4 to 16384; use 12 or 16";

    [Theory]
    [InlineData("preset: annotated\r\nimage_size: 16\r\nchannels: 3\r\ndim: «15»\r\nchannel_multipliers: [1]\r\n")]
    [InlineData("preset: annotated\rimage_size: 16\rchannels: 3\rdim: «15»\rchannel_multipliers: [1]")]
    [InlineData("# a\r\n# b\n# c\r\npreset: annotated\nimage_size: 16\r\n\r\nchannels: 3\ndim: «15» # d\r\nchannel_multipliers: [1]")]
    public void Whatever_ends_the_lines(string marked) => Errors.In(marked, Odd);

    [Theory]
    [InlineData("\uFEFFpreset: annotated\nimage_size: 16\nchannels: 3\ndim: «15»\nchannel_multipliers: [1]")]
    [InlineData("\uFEFFdim: «15»\npreset: annotated\nimage_size: 16\nchannels: 3\nchannel_multipliers: [1]")]
    [InlineData("\uFEFF\r\n# \U0001F600\r\ndim: «15»\r\npreset: annotated\r\nimage_size: 16\r\nchannels: 3\r\nchannel_multipliers: [1]")]
    public void After_a_byte_order_mark(string marked) => Errors.In(marked, Odd);

    [Theory]
    [InlineData("# \U0001F600\U0001F600\npreset: annotated # \U0001D54C\nimage_size: 16\nchannels: 3\ndim: «15»\nchannel_multipliers: [1]")]
    [InlineData("{ preset: annotated, name: \"Net\\u0065\", image_size: 16, channels: 3, dim: «15», channel_multipliers: [1] }")]
    [InlineData(
        "# \u65E5\u672C\u8A9E e\u0301\npreset: annotated\nimage_size: 16\nchannels: 3\ndim: «15»   # \U0001F600\nchannel_multipliers: [1]")]
    public void After_characters_of_one_two_and_three_bytes_and_two_units(string marked) => Errors.In(marked, Odd);

    [Fact]
    public void After_characters_outside_the_basic_plane_in_the_same_line() => Errors.In(
        "{ preset: annotated, name: «\"\U0001F600\U0001D54C\"», image_size: 16, channels: 3, dim: «'15'», «\U0001F600»: "
        + "1, channel_multipliers: [1] }",
        "UNG0012: '\U0001F600\U0001D54C' is no C# identifier; use letters, digits and '_', a letter first",
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not the text '15'; leave out the quotes",
        "UNG0004: unknown key '\U0001F600'; the keys here are name, namespace, preset, image_size, channels, condition_channels, "
        + "out_channels, dim, channel_multipliers, "
        + "time_emb_dim, init_dim, init_kernel, "
        + "blocks_per_level, norm, groups, norm_eps, weight_standardization, activation, dropout, time_embedding, attention, downsample, "
        + "upsample, self_condition, "
        + "zero_init, learned_variance, num_classes, context_dim, blocks, kernels, extends and diffusion");

    [Fact]
    public void After_tabs_between_key_and_value() => Errors.In(
        "preset:\tannotated\t# a\t\nimage_size:\t\t16\nchannels: 3\ndim:\t \t«15»\t\nchannel_multipliers:\t[1,\t2]", Odd);

    [Theory]
    [InlineData("preset: annotated«\u0085»image_size: 16", "U+0085")]
    [InlineData("preset: annotated # a comment, or not?«\u2028»image_size: 16", "U+2028")]
    [InlineData("# \U0001F600\r\n«\u2029»", "U+2029")]
    public void Characters_that_end_a_line_in_one_YAML_and_not_in_the_other(string marked, string code) =>
        Errors.In(marked, $"UNG0001: not YAML: the character {code} ends a line in YAML 1.1 and doesn't in YAML 1.2; remove it");

    [Theory]
    [InlineData("preset: annotated\r\nattention:\r\n«\t»heads: 2\r\n")]
    [InlineData("preset: annotated\nattention:\n  «\t»heads: 2\n")]
    [InlineData("\uFEFF«\t»preset: annotated\n")]
    public void A_tab_that_indents(string marked) => Errors.In(marked, "UNG0002: a tab indents this line; YAML indents with spaces");

    [Theory]
    [InlineData("preset: \U0001F600anno«\0»tated", "U+0000")]
    [InlineData("preset: annotated\r\ndim: 16«\f»", "U+000C")]
    public void Characters_that_no_text_has(string marked, string code) =>
        Errors.In(marked, $"UNG0001: not YAML: the character {code} can't stand in a spec; remove it, and save the file as UTF-8");

    // Not as inline data: an attribute is stored as UTF-8, which has no such thing.
    [Fact]
    public void Halves_of_characters()
    {
        Characters_that_no_text_has("preset: anno«\uD800»tated", "U+D800");
        Characters_that_no_text_has("preset: annotated\n# «\uDC00»\uD800", "U+DC00");
    }

    [Theory]
    [InlineData("«»")]
    [InlineData("«»\n\n")]
    [InlineData("«»\uFEFF")]
    [InlineData("«»# annotated\r\n")]
    [InlineData("«»---\n...\n")]
    public void Nothing(string marked) =>
        Errors.In(marked, "UNG0006: the spec is empty; it needs at least preset, image_size, channels, dim and channel_multipliers");

    /// <summary>Every way in which a place comes about: keys, values, items, what is open, what is missing, what is not there.</summary>
    private static readonly Dictionary<string, (string Marked, string[] Problems)> Ways = new()
    {
        ["a key"] = ("preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1]\n«dropot»: 0",
            ["UNG0004: unknown key 'dropot'; did you mean 'dropout'?"]),
        ["a key in a group"] = (
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1]\n"
            + "attention:\n  «head»: 2\ndiffusion: { «timestep»: 10 }",
            ["UNG0004: unknown key 'head' in 'attention'; did you mean 'heads'?",
                "UNG0004: unknown key 'timestep' in 'diffusion'; did you mean 'timesteps'?"]),
        ["a key twice"] = (
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1]\n«'channels'»: 3",
            ["UNG0003: 'channels' stands twice, first in line LINE3; keep one of them"]),
        ["a quoted value"] = (
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: «\"16\"»\nchannel_multipliers: [1]",
            ["UNG0007: 'dim' must be an even whole number from 4 to 16384, not the text '16'; leave out the quotes"]),
        ["no value"] = ("preset: annotated\nimage_size: 16\nchannels: 3\ndim:«»\nchannel_multipliers: [1]",
            ["UNG0007: 'dim' must be an even whole number from 4 to 16384, not nothing"]),
        ["no value at the end"] = ("preset: annotated\nimage_size: 16\nchannels: 3\nchannel_multipliers: [1]\ndim:«»",
            ["UNG0007: 'dim' must be an even whole number from 4 to 16384, not nothing"]),
        ["an item"] = (
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1, «0», 2, «-1»]",
            ["UNG0014: level 1 would be dim * 0 wide; a multiplier is at least 1",
                "UNG0014: level 3 would be dim * -1 wide; a multiplier is at least 1"]),
        ["an item on a line of its own"] = (
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers:\n  - 1\n  - «0»",
            ["UNG0014: level 1 would be dim * 0 wide; a multiplier is at least 1"]),
        ["a mapping of several lines"] = (
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1]\ngroups:\n  «a: 1\n  b: 2»\ndropout: 0",
            ["UNG0007: 'groups' must be a whole number from 1 to 16384, not a mapping of keys"]),
        ["a list in brackets"] = ("preset: annotated\nimage_size: 16\nchannels: «[3, 3]»\ndim: 16\nchannel_multipliers: [1]",
            ["UNG0007: 'channels' must be a whole number from 1 to 4096, not a list"]),
        ["a bracket left open"] = ("preset: annotated\nimage_size: 16\nchannel_multipliers: «[»1, 2",
            ["UNG0001: not YAML: the list that begins here doesn't end as one, [a, b, c]"]),
        ["a quote left open"] = ("preset: annotated\nname: «\"Net\n»dim: 16\n", ["UNG0001: not YAML: this quote is never closed"]),
        ["another document"] = (
            "preset: annotated\nimage_size: 16\n«---»\npreset: annotated",
            ["UNG0009: a second document begins here; a file describes one network, so give each its own file"]),
        ["an anchor and an alias"] = (
            "preset: annotated\nimage_size: 16\nchannels: 3\ndim: «&a 16»\ninit_dim: «*a»\nchannel_multipliers: [1]",
            ["UNG0010: the anchor '&a': specs have no anchors; write the value itself",
                "UNG0010: the alias '*a': specs have no aliases; write the value itself"]),
        ["what is missing"] = (
            "«preset»: annotated\nimage_size: 16\nchannels: 3\nchannel_multipliers: [1]",
            ["UNG0006: 'dim' is missing: the base width; it must be an even whole number from 4 to 16384"]),
        ["a warning by default"] = (
            "preset: annotated\nchannels: 3\ndim: 16\nchannel_multipliers: [1]\nimage_size: «128»",
            [
                "UNG0023: full attention in the middle is over 16,384 tokens (128 x 128): "
                + "its scores take 1.1 GB per image and head, 4.3 GB for all 4 heads (float32); "
                + "use mid: none, more levels or a smaller image"]),
        ["a tab"] = ("preset: annotated\nattention:\n  «\t»heads: 2", ["UNG0002: a tab indents this line; YAML indents with spaces"]),
    };

    public static TheoryData<string> NamesOfWays => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(NamesOfWays))]
    public void In_every_way_whatever_the_file_is_written_with(string way)
    {
        var (marked, problems) = Ways[way];
        var comments = "# \U0001F600\t\u65E5\u672C\n\n#\t\U0001D54C\n";
        var tabs = marked.Replace("preset: annotated\n", "preset:\tannotated\t # \U0001F600\n");
        foreach (var (text, lines) in new[] { (marked, 0), (comments + marked, 3), (tabs, 0) })
        {
            foreach (var mark in new[] { "", "\uFEFF" })
            {
                foreach (var end in new[] { "\n", "\r\n", "\r" })
                    Errors.In(mark + text.Replace("\n", end), [.. problems.Select(problem => problem.Replace("LINE3", $"{3 + lines}"))]);
            }
        }
    }
}
