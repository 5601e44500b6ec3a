using System.Runtime.CompilerServices;
using TorchSharp;
using UNetGen.Generator.Tests.Harness;
using UNetGen.Networks;

namespace UNetGen.Compiler.Tests;

/// <summary>Live networks of specs, made while the program runs.</summary>
public sealed class CompileTests
{
    private const string Tiny = """
        preset: lucidrains
        image_size: 8
        channels: 3
        dim: 8
        channel_multipliers: [1, 2]
        """;

    [Theory]
    [MemberData(nameof(Tree.Specs), MemberType = typeof(Tree))]
    public void A_network_of_a_spec_is_the_one_that_a_build_makes(string path)
    {
        using var compiled = SpecCompiler.Compile(path, Tree.OptionsWithBlocks);
        var built = Type.GetType($"{compiled.Class.FullName}, {typeof(CompileTests).Assembly.FullName}", throwOnError: true)!;
        using var network = compiled.Create();
        using var same = (NoisePredictor)Activator.CreateInstance(built, [null, null])!;
        network.load_state_dict(same.state_dict());

        Assert.NotSame(built, compiled.Class);
        Assert.Equal(same.Info.Spec, network.Info.Spec);
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.no_grad();
        var images = torch.ones(2, compiled.Info.Channels, compiled.Info.ImageHeight, compiled.Info.ImageWidth);
        var timesteps = torch.full(2, 3, torch.ScalarType.Int64);
        var labels = compiled.Info.NumClasses is null ? null : torch.zeros(2, torch.ScalarType.Int64);
        Assert.Equal(
            same.forward(images, timesteps, labels).data<float>().ToArray(),
            network.forward(images, timesteps, labels).data<float>().ToArray());
    }

    [Theory]
    [MemberData(nameof(Tree.Specs), MemberType = typeof(Tree))]
    public void What_a_network_is_is_described_without_compiling_it(string path)
    {
        using var compiled = SpecCompiler.Compile(path, Tree.OptionsWithBlocks);
        var described = SpecCompiler.Describe(path, Tree.Options).Info;

        Assert.Equivalent(compiled.Info, described, strict: true);
    }

    [Fact]
    public void It_is_made_on_the_device_and_of_the_type_that_is_asked_for()
    {
        using var compiled = SpecCompiler.CompileText(Tiny);
        using var network = compiled.Create(torch.CPU, torch.ScalarType.Float64);

        Assert.All(network.parameters(), parameter => Assert.Equal(torch.ScalarType.Float64, parameter.dtype));
    }

    [Fact]
    public void A_spec_is_compiled_once_for_all_who_use_it_at_a_time()
    {
        var all = new CompiledNetwork[8];
        Parallel.For(0, all.Length, i => all[i] = SpecCompiler.CompileText(Tiny, "once.unet.yaml"));

        var first = all[0].Class;
        Assert.All(all, one => Assert.Same(first, one.Class));
        Array.ForEach(all, one => one.Dispose());
        using var later = SpecCompiler.CompileText(Tiny, "once.unet.yaml");
        Assert.NotSame(first, later.Class);
    }

    [Fact]
    public void A_class_that_nobody_uses_is_unloaded()
    {
        var dead = UseAndDispose();

        for (var i = 0; dead.IsAlive && i < 20; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(dead.IsAlive);
    }

    [Fact]
    public void A_network_outlives_what_it_was_made_by()
    {
        NoisePredictor network;
        using (var compiled = SpecCompiler.CompileText(Tiny, "outlives.unet.yaml"))
        {
            network = compiled.Create();
            compiled.Dispose();
            Assert.Throws<ObjectDisposedException>(() => compiled.Create());
        }

        GC.Collect();
        using (network)
        using (var images = torch.ones(1, 3, 8, 8))
        using (var timesteps = torch.zeros(1, torch.ScalarType.Int64))
        using (var output = network.forward(images, timesteps))
            Assert.Equal([1, 3, 8, 8], output.shape);
    }

    [Fact]
    public void A_spec_with_errors_is_an_exception_with_a_line_for_each()
    {
        var error = Assert.Throws<SpecException>(() => SpecCompiler.CompileText(Tiny.Replace("dim: 8", "dim: 33") + "\nfoo: 1"));

        var lines = error.Message.Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("spec.unet.yaml(4,6): error UNG0014: ", lines[0]);
        Assert.StartsWith("spec.unet.yaml(6,1): error UNG0004: ", lines[1]);
        Assert.Equal(2, error.Diagnostics.Count);
    }

    [Fact]
    public void A_block_of_ones_own_that_is_not_given_is_an_error_that_says_how()
    {
        var error = Assert.Throws<UNetGenException>(() => SpecCompiler.Compile("Specs/own_block.unet.yaml", Tree.Options));

        Assert.Contains("SpecOptions.BlockAssemblies, as [typeof(UNetGen.Tests.PlainBlock).Assembly]", error.Message);
    }

    [Theory]
    [InlineData("annotated")]
    [InlineData("lucidrains")]
    [InlineData("ddpm")]
    [InlineData("adm")]
    public void A_block_of_ones_own_may_return_its_input(string preset)
    {
        using var compiled = WithBlock<PassingBlock>(preset);
        using var network = compiled.Create();
        using var scope = torch.NewDisposeScope();
        var images = torch.ones(2, 3, 8, 8);

        var output = network.forward(images, torch.tensor(new long[] { 1, 5 }));
        output.sum().backward();

        Assert.Equal([2, 3, 8, 8], output.shape);
        Assert.True(output.isfinite().all().item<bool>());
        using (torch.no_grad())
            Assert.True(output.allclose(network.forward(images, torch.tensor(new long[] { 1, 5 })), atol: 1e-4));
    }

    [Theory]
    [InlineData("annotated", 96, 64)]
    [InlineData("lucidrains", 96, 64)]
    [InlineData("ddpm", 32, 64)]
    [InlineData("adm", 32, 64)]
    public void A_block_of_ones_own_that_returns_other_channels_is_told_by_its_name(string preset, int given, int needed)
    {
        using var compiled = WithBlock<HeedlessBlock>(preset);
        using var network = compiled.Create();
        using var scope = torch.NewDisposeScope();

        var error = Assert.Throws<UNetGenException>(() => network.forward(torch.ones(2, 3, 8, 8), torch.tensor(new long[] { 1, 5 })));

        Assert.Contains($"HeedlessBlock returned [2, {given}, 4, 4] of [2, {given}, 4, 4], and the network needs [2, {needed}, 4, 4] there",
            error.Message);
    }

    [Fact]
    public void Options_refuse_what_names_nothing()
    {
        Assert.Throws<ArgumentNullException>("OtherSpecs", () => new SpecOptions { OtherSpecs = null! });
        Assert.Throws<ArgumentNullException>("BlockAssemblies", () => new SpecOptions { BlockAssemblies = null! });
        Assert.Throws<ArgumentException>("BlockAssemblies", () => new SpecOptions { BlockAssemblies = [null!] });
        Assert.Throws<ArgumentException>("ProjectFolder", () => new SpecOptions { ProjectFolder = "" });
    }

    [Fact]
    public void Effective_specs_of_all_families_give_the_same_network_again() => SpecGen.ForEach(SpecGen.Valid, 150, text =>
    {
        var first = SpecCompiler.DescribeText(text).Info;
        var again = SpecCompiler.DescribeText(first.Spec).Info;

        Assert.Equal((first.Spec, first.SpecHash), (again.Spec, again.SpecHash));
    });

    [Fact]
    public void Random_specs_of_all_families_compile() => SpecGen.ForEach(SpecGen.Valid, 12, text =>
    {
        using var compiled = SpecCompiler.CompileText(text);

        Assert.Equal(SpecCompiler.DescribeText(text).Info.SpecHash, compiled.Info.SpecHash);
    });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UseAndDispose()
    {
        using var compiled = SpecCompiler.CompileText(Tiny, "unloaded.unet.yaml");
        using var network = compiled.Create();
        using var images = torch.ones(1, 3, 8, 8);
        using var timesteps = torch.zeros(1, torch.ScalarType.Int64);
        using var output = network.forward(images, timesteps);
        output.sum().backward();
        return new WeakReference(compiled.Class.Assembly);
    }

    private static CompiledNetwork WithBlock<T>(string preset) => SpecCompiler.CompileText(
        $"preset: {preset}\nimage_size: 8\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2]\nblocks: {{ resnet: {typeof(T).FullName} }}\n",
        "block.unet.yaml",
        Tree.Options with { BlockAssemblies = [typeof(T).Assembly] });
}
