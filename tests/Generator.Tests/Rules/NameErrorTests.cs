using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Names that C# or the class itself doesn't allow.</summary>
public sealed class NameErrorTests
{
    [Fact]
    public void Names_with_other_signs() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «my-unet»
        namespace: «My..Models»
        """,
        "UNG0012: 'my-unet' is no C# identifier; use 'MyUnet'",
        "UNG0012: 'My..Models' is no C# namespace: '' is no identifier; write identifiers with dots between them, as My.Models");

    [Fact]
    public void Names_that_begin_with_a_digit() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «"123"»
        namespace: «3D.Models»
        """,
        "UNG0012: '123' is no C# identifier; use 'UNet123'",
        "UNG0012: '3D.Models' is no C# namespace: '3D' is no identifier; write identifiers with dots between them, as My.Models");

    [Fact]
    public void Keywords() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «class»
        namespace: «My.event»
        """,
        "UNG0012: 'class' is a C# keyword; use 'Class'",
        "UNG0012: 'My.event' is no C# namespace: 'event' is a keyword; write identifiers with dots between them, as My.Models");

    [Fact]
    public void A_contextual_keyword() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «record»
        """,
        "UNG0012: 'record' is a C# keyword; use 'Record'");

    [Fact]
    public void Lower_case_letters_alone() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «unet»
        """,
        "UNG0012: 'unet' has lower-case letters alone, which C# reserves (CS8981); use 'Unet'");

    [Fact]
    public void A_constant_of_the_class() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «ParameterCount»
        """,
        "UNG0012: 'ParameterCount' is what the generated class calls one of its own members; use 'ParameterCountUNet'");

    [Fact]
    public void A_field_of_the_class() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «downs_0»
        """,
        "UNG0012: 'downs_0' is what the generated class calls one of its own members; use 'downs_0UNet'");

    [Fact]
    public void A_class_inside_the_class() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «Down12»
        """,
        "UNG0012: 'Down12' is what the generated class calls one of its own members; use 'Down12UNet'");

    [Fact]
    public void A_name_without_any_letter() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «'---'»
        """,
        "UNG0012: '---' is no C# identifier; use letters, digits and '_', a letter first");

    [Fact]
    public void A_line_break_is_shown_as_its_code() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «"a\nb"»
        """,
        "UNG0012: 'a\\u000Ab' is no C# identifier; use 'AB'");

    [Fact]
    public void A_very_long_name_is_cut() => Errors.In(
        $"""
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «{string.Concat(Enumerable.Repeat("x-", 100))}»
        """,
        "UNG0012: 'x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-x-...' is no C# identifier; "
        + "use letters, digits and '_', a letter first");

    [Fact]
    public void A_character_outside_the_basic_plane() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «Net😀»
        """,
        "UNG0012: 'Net😀' is no C# identifier; use 'Net'");

    [Fact]
    public void The_name_of_a_type_of_the_runtimes() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «ResnetBlock»
        namespace: UNetGen.Blocks
        """,
        "UNG0012: 'UNetGen.Blocks.ResnetBlock' could be a type or namespace of the library's own; "
        + "use 'ResnetBlockUNet', or a namespace of yours");

    [Fact]
    public void A_namespace_that_is_a_type() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        namespace: «TorchSharp.torch.Models»
        """,
        "UNG0012: the namespace 'TorchSharp.torch.Models' can't be: TorchSharp.torch is a type; use a namespace of yours, as My.Models");

    [Fact]
    public void A_namespace_inside_the_runtimes() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        namespace: «UNetGen.Blocks.Mine»
        """,
        "UNG0012: the namespace 'UNetGen.Blocks.Mine' lies in UNetGen.Blocks, which is UNetGen's own; "
        + "use a namespace of yours, as My.Models");

    [Fact]
    public void The_projects_root_namespace_as_a_class() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        name: «Models»
        namespace: Shop
        """,
        "UNG0012: 'Shop.Models' is the project's root namespace, or the beginning of it; use 'ModelsUNet'");

    [Fact]
    public void An_inherited_namespace_that_the_name_does_not_suit() => Errors.In(
        [("base.unet.yaml", "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1, 2]\nnamespace: System.Text"),
            ("own.unet.yaml", "extends: base.unet.yaml\nname: «Encoding»")],
        "UNG0012: 'System.Text.Encoding' could be a type or namespace of the library's own; use 'EncodingUNet', or a namespace of yours");
}
