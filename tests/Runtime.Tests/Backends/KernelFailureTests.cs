using System.Runtime.InteropServices;
using UNetGen.Backends.Nodes;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>What goes wrong in a kernel comes out where it was called, and not as the process's end.</summary>
public class KernelFailureTests
{
    [Fact]
    public void What_a_backward_pass_throws_comes_out_of_the_whole_one()
    {
        using var scope = NewDisposeScope();
        var weight = ones([3], requires_grad: true);

        Assert.Equal(
            "within the backward pass",
            Assert.Throws<OutOfMemoryException>(() => Gradients.Backward(Failing.Times(zeros(2, 3), weight).sum())).Message);
        // As users call it: libtorch refuses what it is given.
        Assert.Contains(
            "invalid gradient", Assert.Throws<ExternalException>(() => Failing.Times(zeros(2, 3), weight).sum().backward()).Message);
        // The next one is none of that one's business.
        Gradients.Backward((weight * 2).sum());
        Assert.Equal([2f, 2f, 2f], weight.grad!.data<float>().ToArray());
    }

    [Fact]
    public void An_error_of_libtorchs_in_a_backward_pass_stays_its_own()
    {
        using var scope = NewDisposeScope();
        var weight = ones([3], requires_grad: true);
        var twice = (weight * weight).sum();
        Gradients.Backward(twice);
        Assert.Contains(
            "backward through the graph a second time", Assert.Throws<ExternalException>(() => Gradients.Backward(twice)).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void What_a_part_throws_comes_out_of_the_call_that_shared_them_out(int parts) =>
        Assert.Equal("in part 0", Assert.Throws<OutOfMemoryException>(() => Workers.Run(parts, part =>
        {
            if (part == 0)
                throw new OutOfMemoryException("in part 0");
        })).Message);

    private sealed class Failing : KernelFunction<Failing>
    {
        public static Tensor Times(Tensor x, Tensor weight) => Run(x, null, weight, 3);

        protected override Tensor Compute(autograd.AutogradContext context, object[] vars) => (Tensor)vars[0] * (Tensor)vars[2];

        protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient) =>
            throw new OutOfMemoryException("within the backward pass");
    }
}
