using CsCheck;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

public sealed class ImageMemoryTests
{
    private const nint Start = 4096;
    private const nint Size = 1000;

    [Fact]
    public void Blocks_lie_within_the_region_and_apart_and_leave_it_whole() => Gen.Int[0, 250].Array[1, 60].Sample(lengths =>
    {
        var region = new MemoryRegion(Start, Size);
        var taken = new List<(nint Start, nint End)>();
        foreach (var length in lengths)
        {
            // Short numbers give a block back, in an order of no meaning.
            if (length < 100 && taken.Count > 0)
            {
                var (block, _) = taken[length % taken.Count];
                taken.RemoveAt(length % taken.Count);
                Assert.True(region.GiveBack(block));
                continue;
            }
            var start = region.Take(length + 1);
            if (start == 0)
                continue;
            Assert.InRange(start, Start, Start + Size - (length + 1));
            Assert.DoesNotContain(taken, other => start < other.End && other.Start < start + length + 1);
            taken.Add((start, start + length + 1));
        }

        Assert.Equal(taken.Count == 0, region.IsFree);
        foreach (var (block, _) in taken)
            Assert.True(region.GiveBack(block));
        Assert.True(region.IsFree);
        Assert.Equal(Start, region.Take(Size));
    });

    [Fact]
    public void A_block_is_in_the_lowest_gap_that_holds_it_and_one_of_the_size_of_the_last_in_its_place()
    {
        var region = new MemoryRegion(Start, Size);
        var (first, second, third) = (region.Take(100), region.Take(200), region.Take(100));
        region.GiveBack(first);
        region.GiveBack(second);
        Assert.Equal(first, region.Take(300));
        region.GiveBack(first);
        Assert.Equal(third + 100, region.Take(301));
        Assert.Equal(first, region.Take(40));
        Assert.Equal(first + 40, region.Take(260));
        Assert.Equal(0, region.Take(Size));
        Assert.False(region.GiveBack(Start + 1));
    }

    [Fact]
    public void A_view_keeps_the_memory_of_its_image()
    {
        using var scope = NewDisposeScope();
        var image = TensorMemory.EmptyImages(2, 16, 64, 64).fill_(1);
        var view = image.narrow(0, 1, 1);
        image.Dispose();
        ImageMemory.Trim();
        for (var i = 0; i < 4; i++)
            TensorMemory.EmptyImages(2, 16, 64, 64).fill_(0);
        Assert.Equal(16 * 64 * 64, view.sum().item<float>());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void Images_of_every_size_have_their_channels_together_and_take_a_gradient_through_a_change_in_place(long size)
    {
        using var scope = NewDisposeScope();
        var images = TensorMemory.EmptyImages(2, 3, size, 8);
        Assert.Equal([2, 3, size, 8], images.shape);
        Assert.Equal([3 * 8 * size, 1, 3 * 8, 3], images.stride());
        var sum = images.fill_(1).requires_grad_() * 2;
        sum.add_(1).sum().backward();
        Assert.Equal(2, images.grad!.max().item<float>());
    }

    [Fact]
    public void Copies_are_libtorch_s_to_the_bit_and_projections_to_rounding()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        manual_seed(1);
        var (first, second) = (randn(4, 48, 32, 16), randn(4, 16, 16, 32).transpose(2, 3));
        var (features, weight, bias) = (randn(4, 256, 64), randn(96, 64), randn(96));
        Same(cat([first, second], 1), Compute.Backend.Concat(first, second));
        Same(nn.functional.interpolate(first, scale_factor: [2, 2]), Compute.Backend.Doubled(first));
        // Which order a BLAS adds in is its own affair.
        Closeness.Check(nn.functional.linear(features, weight, bias), Compute.Backend.Project(features, new(weight, bias)), 1e-6);
        Closeness.Check(nn.functional.linear(features, weight), Compute.Backend.Project(features, new(weight, null)), 1e-6);

        static void Same(Tensor expected, Tensor actual)
        {
            Assert.Equal(expected.shape, actual.shape);
            Assert.Equal(0, (expected - actual).abs().max().item<float>());
        }
    }
}
