using System.Runtime.InteropServices;
using UNetGen.Backends;
using UNetGen.Backends.Nodes;
using UNetGen.Blocks;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// Gradients of gradients, as a penalty on a gradient's norm asks for: a backend has all of them or says that it has none. The generator is
/// seeded, so not beside other tests.
/// </summary>
[Collection(nameof(GlobalGenerator))]
public sealed class SecondDerivativeTests
{
    private static readonly Dictionary<string, Backend> Backends = new()
    {
        ["libtorch"] = new Libtorch(Precision.Float32),
        ["fastest"] = CpuKernels.MakeBackend(Precision.Float32),
        ["recomputing"] = new Recomputing(new Reference(Precision.Float32)),
    };

    public static TheoryData<string, string> BackendsAndBlocks => BackendTests.WithEachBlock(Backends.Keys);

    [Theory]
    [MemberData(nameof(BackendsAndBlocks))]
    public void A_block_has_the_reference_s_or_an_error(string backend, string block)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var (make, shape) = BlockCase.All[block];
        using var module = BlockCase.Randomized(make());
        var (x, time) = (randn(shape), randn(shape[0], BlockCase.TimeWidth));
        var expected = PenaltyGradients(module, new Reference(Precision.Float32), x, time);
        var actual = PenaltyGradients(module, Backends[backend], x, time);
        // Libtorch knows no second derivative of full attention's product on a CPU.
        var isOfAttention = block.Contains("transformer")
            || (block.Contains("attention") && !block.StartsWith("linear", StringComparison.Ordinal));
        Assert.Equal(isOfAttention, expected is null);
        if (isOfAttention)
            Assert.Null(actual);
        else if (backend == "libtorch")
            Assert.NotNull(actual);
        if (expected is null || actual is null)
            return;
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        foreach (var (name, gradient) in expected)
            Closeness.Check(gradient, actual[name], 1e-3);
    }

    [Theory]
    [InlineData("fastest")]
    [InlineData("recomputing")]
    public void The_error_says_what_has_them(string backend)
    {
        using var scope = NewDisposeScope();
        using var block = new ResnetBlock(32, 48, BlockCase.TimeWidth);
        using var computing = Compute.Use(Backends[backend]);
        var result = block.forward(randn(3, 32, 8, 8), randn(3, BlockCase.TimeWidth)).square().sum();
        var error = Assert.Throws<NotSupportedException>(
            () => Gradients.Explained(() => result.backward(create_graph: true), elsewhere: false));
        Assert.Contains("For create_graph set `Kernels` of the network to KernelForm.Reference", error.Message);
    }

    [Fact]
    public void The_reference_s_are_what_differences_come_to()
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var reference = new Reference(Precision.Float32);
        using var block = BlockCase.Randomized(new ResnetBlock(32, 48, BlockCase.TimeWidth));
        var (x, time, direction) = (randn(3, 32, 8, 8), randn(3, BlockCase.TimeWidth), randn(3, 32, 8, 8));
        var expected = (Penalty(x + direction * 1e-3) - Penalty(x - direction * 1e-3)) / 2e-3;
        var actual = (PenaltyGradients(block, reference, x, time)!["input"] * direction).sum().item<float>();
        Assert.Equal(expected, actual, 0.01 * Math.Abs(expected));

        double Penalty(Tensor images)
        {
            using var computing = Compute.Use(reference);
            images = images.detach().requires_grad_();
            BlockCase.Forward(block, images, time).square().sum().backward();
            return images.grad!.to(ScalarType.Float64).square().mean().item<double>();
        }
    }

    /// <summary>The gradients of the squared norm of the image's gradient, by name; null where there is an error.</summary>
    private static Dictionary<string, Tensor>? PenaltyGradients(nn.Module block, Backend how, Tensor x, Tensor time)
    {
        using var computing = Compute.Use(how);
        var images = x.detach().requires_grad_();
        try
        {
            var loss = BlockCase.Forward(block, images, time).square().sum();
            // Refused or not, before grad, out of which a refusal would end the process.
            loss.backward(create_graph: true);
            block.zero_grad();
            images.grad = null;
            loss = BlockCase.Forward(block, images, time).square().sum();
            autograd.grad([loss], [images], retain_graph: true, create_graph: true)[0].square().mean().backward();
        }
        catch (ExternalException)
        {
            return null;
        }
        finally
        {
            Gradients.Release();
        }
        var gradients = block.named_parameters().Where(named => named.parameter.grad is not null)
            .ToDictionary(named => named.name, named => named.parameter.grad!.clone());
        gradients["input"] = images.grad!;
        block.zero_grad();
        return gradients;
    }
}
