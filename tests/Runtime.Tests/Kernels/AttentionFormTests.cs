using UNetGen.Blocks;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

/// <summary>Attention's kernels; that their numbers are the textbook's is in <see cref="Backends.BackendTests"/>.</summary>
public class AttentionFormTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Linear_attention_stands_keys_and_queries_as_large_as_float32_can_tell_apart(int memoryTokens)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        using var module = new LinearAttention(32, memoryTokens: memoryTokens, norm: Norm.Group);
        var x = randn([2, 32, 16, 16]) * 300;
        using var off = no_grad();
        var expected = Result(KernelForm.Reference);
        Assert.True(expected.isfinite().all().item<bool>());
        Closeness.Check(expected, Result(KernelForm.Fast), 1e-4);

        Tensor Result(KernelForm form)
        {
            using var how = Compute.Use(form, Precision.Float32);
            return module.forward(x);
        }
    }

    [VectorFact]
    public void Without_gradients_an_image_is_attended_to_alike_alone_and_among_others()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        manual_seed(7);
        using var module = new AttentionBlock(32, 1, new());
        var x = ChannelsTogether(randn(3, 32, 12, 12));
        var together = module.forward(x);

        for (var image = 0; image < 3; image++)
            Assert.True(module.forward(x.narrow(0, image, 1)).Equals(together.narrow(0, image, 1)));
    }

    [Fact]
    public void Images_of_other_numbers_than_the_weights_are_attended_to_alike()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        manual_seed(7);
        using var module = new AttentionBlock(32, 1, new());
        var x = randn(2, 32, 8, 8);

        Assert.True((module.forward(x.to(ScalarType.Float64)) - module.forward(x)).abs().max().item<double>() < 1e-5);
    }

    private static Tensor ChannelsTogether(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    [VectorTheory]
    [InlineData(true, 256, 128, 128, 1, "ddpm's at 16 x 16")]
    [InlineData(true, 64, 64, 128, 4, "heads of 32, wider than the image's channels")]
    [InlineData(false, 256, 128, 128, 16, "heads of 8")]
    [InlineData(false, 49, 64, 64, 1, "7 x 7 pixels")]
    [InlineData(false, 64, 24, 32, 1, "24 channels")]
    [InlineData(false, 4096, 128, 128, 1, "64 x 64, whose keys no core's cache holds")]
    public void The_kernel_of_attention_is_taken_where_it_is_made_for(bool taken, long positions, long dim, long features, long heads, string what)
    {
        using var scope = NewDisposeScope();
        Assert.True(taken == FullAttention.Fits(zeros(1, positions, dim), zeros(features, dim), heads), what);
        Assert.False(FullAttention.Fits(zeros(1, positions, dim, ScalarType.Float64), zeros(features, dim, ScalarType.Float64), heads));
    }
}
