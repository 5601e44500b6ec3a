using System.Runtime.InteropServices;
using UNetGen.Backends;
using UNetGen.Backends.Nodes;
using UNetGen.Blocks;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// Blocks that compute again in the backward pass give what they give without; BackendTests holds them against the reference. The generator
/// is seeded, so not beside other tests.
/// </summary>
[Collection(nameof(GlobalGenerator))]
public sealed class RecomputingTests
{
    private static readonly Dictionary<string, Backend> Backends = new()
    {
        ["reference"] = new Reference(Precision.Float32),
        ["libtorch"] = new Libtorch(Precision.Float32),
        ["fastest"] = CpuKernels.MakeBackend(Precision.Float32),
        ["libtorch, bfloat16"] = new Libtorch(Precision.BFloat16),
    };

    public static TheoryData<string, string> BackendsAndBlocks => BackendTests.WithEachBlock(Backends.Keys);

    public static TheoryData<string> Drawing => [.. DrawingBlocks.Keys];

    private static Dictionary<string, Func<nn.Module>> DrawingBlocks => new()
    {
        ["residual"] = () => new ResnetBlock(32, 48, BlockCase.TimeWidth, new ResnetBlockOptions { Dropout = 0.3 }),
        ["pre-activation"] = () => new PreActResnetBlock(32, 48, BlockCase.TimeWidth, new() { Dropout = 0.3 }, KeyStyle.Diffusers),
        ["half of a residual block"] = () => new Block(32, 48, new() { Dropout = 0.3 }, last: false),
    };

    [Theory]
    [MemberData(nameof(BackendsAndBlocks))]
    public void A_block_has_every_bit_of_the_backend_s_result_and_gradients(string backend, string block)
    {
        var (make, shape) = BlockCase.All[block];
        // A sum in the memory of attention's result has libtorch lay out its gradient otherwise: it adds up a bias's in another order.
        AssertEqual(make, shape, Backends[backend], toRounding: block == "attention in its PreNorm" ? "fn.fn.to_out.bias" : null);
    }

    [Theory]
    [MemberData(nameof(Drawing))]
    public void Dropout_draws_the_same_again_and_what_is_drawn_afterwards_is_the_same_too(string block) =>
        AssertEqual(DrawingBlocks[block], [3, 32, 8, 10], Backends["libtorch"]);

    [Fact]
    public void A_transformer_has_every_bit_too_the_context_s_gradient_among_them()
    {
        using var scope = NewDisposeScope();
        using var block = BlockCase.Randomized(new SpatialTransformer(32, 4, 12, layers: 2, groups: 8));
        var (x, context) = (randn(2, 32, 4, 6), randn(2, 5, 12));
        var (expected, actual) = (Gradients(Backends["libtorch"]), Gradients(new Recomputing(Backends["libtorch"])));
        Assert.All(expected.Zip(actual), pair => Assert.True(pair.First.Equals(pair.Second)));

        List<Tensor> Gradients(Backend how)
        {
            using var computing = Compute.Use(how);
            var (images, tokens) = (x.detach().requires_grad_(), context.detach().requires_grad_());
            block.zero_grad();
            ((SpatialTransformer)block).forward(images * 1, tokens * 1).square().sum().backward();
            return [images.grad!, tokens.grad!, .. block.parameters().Select(parameter => parameter.grad!.clone())];
        }
    }

    [Fact]
    public void Gradients_of_several_passes_add_up()
    {
        using var scope = NewDisposeScope();
        using var block = BlockCase.Randomized(new ResnetBlock(32, 48, BlockCase.TimeWidth));
        var images = new[] { randn(3, 32, 8, 8), randn(3, 32, 8, 8) };
        var time = randn(3, BlockCase.TimeWidth);
        var (expected, actual) = (Sums(Backends["fastest"]), Sums(new Recomputing(Backends["fastest"])));
        Assert.True(expected.Equals(actual));
        Assert.False(expected.Equals(zeros_like(expected)));

        Tensor Sums(Backend how)
        {
            using var computing = Compute.Use(how);
            block.zero_grad();
            // The second pass begins before the first one's gradient is asked for, as with several losses.
            var (first, second) = (BlockCase.Forward(block, images[0], time), BlockCase.Forward(block, images[1], time));
            first.square().sum().backward();
            second.square().sum().backward();
            return cat([.. block.parameters().Select(parameter => parameter.grad!.flatten())]).clone();
        }
    }

    [Fact]
    public void A_frozen_weight_and_an_image_that_no_gradient_is_asked_for_have_none()
    {
        using var scope = NewDisposeScope();
        using var block = new ResnetBlock(32, 48, BlockCase.TimeWidth);
        foreach (var frozen in block.block2.proj.parameters())
            frozen.requires_grad_(false);
        using var computing = Compute.Use(new Recomputing(Backends["libtorch"]));
        var (images, time) = (randn(3, 32, 8, 8), randn(3, BlockCase.TimeWidth));
        block.forward(images, time).sum().backward();
        Assert.Equal(
            ["block2.proj.bias", "block2.proj.weight"],
            block.named_parameters().Where(named => named.parameter.grad is null).Select(named => named.name).Order());
        Assert.Null(images.grad);
    }

    [Fact]
    public void Between_the_passes_nothing_is_kept_of_what_a_block_makes()
    {
        using var scope = NewDisposeScope();
        using var block = new ResnetBlock(32, 48, BlockCase.TimeWidth);
        var (images, time) = (randn(3, 32, 8, 8), randn(3, BlockCase.TimeWidth));
        var backend = new Watched();
        Assert.InRange(Kept(backend), 2, int.MaxValue);
        Assert.Equal(0, Kept(new Recomputing(backend)));

        int Kept(Backend how)
        {
            using var computing = Compute.Use(how);
            var kept = 0;
            using (NewDisposeScope())
            {
                Tensor loss;
                using (var result = block.forward(images, time))
                    loss = result.sum();
                kept = Watched.Alive;
                loss.backward();
            }
            Gradients.Release();
            Assert.Equal(0, Watched.Alive);
            return kept;
        }
    }

    [Fact]
    public void What_goes_wrong_in_the_second_pass_is_thrown_as_it_was_there()
    {
        using var scope = NewDisposeScope();
        using var block = new ResnetBlock(32, 48, BlockCase.TimeWidth);
        using var computing = Compute.Use(new Recomputing(new FailsAgain()));
        var loss = block.forward(randn(3, 32, 8, 8), randn(3, BlockCase.TimeWidth)).sum();
        Assert.Equal("again", Assert.Throws<InvalidOperationException>(() => Gradients.Backward(loss)).Message);
    }

    private static void AssertEqual(Func<nn.Module> make, long[] shape, Backend backend, string? toRounding = null)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        using var module = BlockCase.Randomized(make());
        var (x, time) = (randn(shape), randn(shape[0], BlockCase.TimeWidth));
        Tensor? direction = null;
        var (expected, actual) = (Outcome(backend), Outcome(new Recomputing(backend)));
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.Equal(expected.Keys, expected.Keys.Where(
            name => name == toRounding ? expected[name].allclose(actual[name], 1e-5) : expected[name].Equals(actual[name])));

        Dictionary<string, Tensor> Outcome(Backend how)
        {
            using var computing = Compute.Use(how);
            var (leaf, embedding) = (x.detach().requires_grad_(), time.detach().requires_grad_());
            manual_seed(8);
            var result = BlockCase.Forward(module, leaf * 1, embedding);
            direction ??= randn(result.shape, generator: new Generator(9)).to(result.dtype);
            var results = BlockCase.Outcome(module, result, direction, leaf, embedding);
            results["drawn afterwards"] = rand(5);
            Gradients.Release();
            return results;
        }
    }

    /// <summary>Counts the images that its convolutions have made and that are still there.</summary>
    private sealed unsafe class Watched() : Libtorch(Precision.Float32)
    {
        private static int alive;

        public static int Alive => alive;

        protected override Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long[] stride, long[] padding)
        {
            using var scope = NewDisposeScope();
            var made = base.Convolve(x, weight, bias, stride, padding);
            var counted = UNetGen.Native.Libtorch.Wrap(
                (nint)NativeMemory.Alloc((nuint)(made.numel() * sizeof(float))), &GiveBack, made.shape);
            Interlocked.Increment(ref alive);
            return counted.zero_().add_(made).MoveToOuterDisposeScope();
        }

        [UnmanagedCallersOnly]
        private static void GiveBack(nint memory)
        {
            NativeMemory.Free((void*)memory);
            Interlocked.Decrement(ref alive);
        }
    }

    private sealed class FailsAgain() : Libtorch(Precision.Float32)
    {
        private bool wasCalled;

        public override Tensor Residual(Tensor x, Tensor? time, ResidualWeights weights)
        {
            if (wasCalled)
                throw new InvalidOperationException("again");
            wasCalled = true;
            return base.Residual(x, time, weights);
        }
    }
}
