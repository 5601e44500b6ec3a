using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Simd;
using UNetGen.Runtime.Tests.Gpu;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// Every backend computes every block as the reference does, forward and backward. Tensors are counted and the generator is seeded, so not
/// beside other tests.
/// </summary>
[Collection(nameof(GlobalGenerator))]
[AllProcessors]
public sealed class BackendTests
{
    private static readonly Dictionary<string, Backend> Backends = WidthsAttribute.Bits.Select(bits => ($"cpu, {bits} bits", OfWidth(bits)))
        .Prepend(("libtorch", new Libtorch(Precision.Float32)))
        .Append(("recomputing, by libtorch", new Recomputing(new Libtorch(Precision.Float32))))
        .Append(("recomputing, by kernels", new Recomputing(CpuKernels.MakeBackend(Precision.Float32))))
        .Concat(EmulatedKernels.AreThere ? [("cuda, emulated", new Cuda(Precision.Float32, EmulatedKernels.For))] : [])
        .ToDictionary();

    public static TheoryData<string, string> BackendsAndBlocks => WithEachBlock(Backends.Keys);

    /// <summary>But for the emulated, which takes seconds for so many passes.</summary>
    public static TheoryData<string, string> NativeBackendsAndBlocks =>
        WithEachBlock(Backends.Keys.Where(name => !name.Contains("emulated", StringComparison.Ordinal)));

    internal static TheoryData<string, string> WithEachBlock(IEnumerable<string> backends)
    {
        var all = new TheoryData<string, string>();
        foreach (var backend in backends)
        {
            foreach (var block in BlockCase.All.Keys)
                all.Add(backend, block);
        }
        return all;
    }

    [Fact]
    public void Several_threads_share_a_block() => Assert.True(get_num_threads() > 1);

    [Theory]
    [MemberData(nameof(BackendsAndBlocks))]
    public void A_block_has_the_reference_s_numbers_and_gradients_in_both_layouts_and_spares_its_input(string backend, string block)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var (make, shape) = BlockCase.All[block];
        using var module = BlockCase.Randomized(make());
        var (x, time) = (randn(shape), randn(shape[0], BlockCase.TimeWidth));
        Tensor? direction = null;
        var expected = Outcome(new Reference(Precision.Float32), x);

        foreach (var (layout, images) in new[] { ("contiguous", x), ("channels together", TensorMemory.ChannelsLast(x)) })
        {
            var actual = Outcome(Backends[backend], images);
            Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
            var differences = expected.Keys.Select(name => Difference(name, expected, actual)).OfType<string>();
            Assert.Empty(differences.Select(difference => $"{layout}: {difference}"));
        }

        Dictionary<string, Tensor> Outcome(Backend how, Tensor images)
        {
            using var computing = Compute.Use(how);
            var (leaf, embedding) = (images.detach().requires_grad_(), time.detach().requires_grad_());
            // Not a leaf: what a block is given must not be written over, whatever it is.
            var given = leaf * 1;
            var result = BlockCase.Forward(module, given, embedding);
            direction ??= randn(result.shape);
            var results = BlockCase.Outcome(module, result, direction, leaf, embedding);

            var isTogether = ReferenceEquals(result, TensorMemory.ChannelsLast(result));
            Assert.True(
                isTogether || how is not Libtorch || module is UNetGen.Blocks.Upsample { conv: ConvTranspose2d }, "channels lie apart");

            using var off = no_grad();
            results["result without gradients"] = BlockCase.Forward(module, leaf, embedding);
            Assert.True(given.Equals(images) && leaf.Equals(images) && embedding.Equals(time), "what it was given was written over");
            return results;
        }
    }

    [Theory]
    [MemberData(nameof(NativeBackendsAndBlocks))]
    public void What_is_frozen_changes_no_other_gradient_where_the_images_have_none(string backend, string block)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var (make, shape) = BlockCase.All[block];
        using var module = BlockCase.Randomized(make());
        var (x, time) = (randn(shape), randn(shape[0], BlockCase.TimeWidth));
        var parameters = module.named_parameters().ToArray();
        var direction = randn(BlockCase.Forward(module, x, time).shape);
        var all = parameters.Select(_ => true).ToArray();
        var expected = Gradients(new Reference(Precision.Float32), all);

        AssertSame([.. all.Select((_, index) => index == 0)]);
        for (var first = 1; first < parameters.Length; first++)
            AssertSame([.. all.Select((_, index) => index >= first)]);

        void AssertSame(bool[] trained)
        {
            var actual = Gradients(Backends[backend], trained);
            Assert.Equal(parameters.Where((_, index) => trained[index]).Select(pair => pair.name).Order(), actual.Keys.Order());
            Assert.Empty(actual.Keys.Select(name => Difference(name, expected, actual)).OfType<string>());
        }

        Dictionary<string, Tensor> Gradients(Backend how, bool[] trained)
        {
            using var computing = Compute.Use(how);
            foreach (var ((_, parameter), isTrained) in parameters.Zip(trained))
                (parameter.requires_grad, parameter.grad) = (isTrained, null);
            BlockCase.Forward(module, x, time).backward([direction]);
            return parameters.Where(pair => pair.parameter.grad is not null).ToDictionary(pair => pair.name, pair => pair.parameter.grad!);
        }
    }

    [Theory]
    [MemberData(nameof(BackendsAndBlocks))]
    public void No_tensor_outlives_a_step(string backend, string block)
    {
        var (make, shape) = BlockCase.All[block];
        using var module = make();
        using var x = randn(shape, requires_grad: true);
        using var time = randn(shape[0], BlockCase.TimeWidth);
        LiveTensors.AreAsManyAfterEach(Step);

        void Step()
        {
            using var scope = NewDisposeScope();
            using var computing = Compute.Use(Backends[backend]);
            BlockCase.Forward(module, x, time).sum().backward();
            // What the last kernel has given to libtorch is given back by the next call of any.
            Gradients.Release();
            using var off = no_grad();
            BlockCase.Forward(module, x, time);
        }
    }

    [Fact]
    public void What_is_used_on_a_thread_ends_with_its_scope()
    {
        using (Compute.Use(Backends["libtorch"]))
        {
            Assert.Same(Backends["libtorch"], Compute.Backend);
            using (Compute.Use(KernelForm.Reference, Precision.BFloat16, DeviceType.CPU))
                Assert.Equal((KernelForm.Reference, Precision.BFloat16), (Compute.Kernels, Compute.Precision));
            Assert.Same(Backends["libtorch"], Compute.Backend);
        }
        Assert.Equal((KernelForm.Fast, Precision.Float32), (Compute.Kernels, Compute.Precision));
    }

    private static Backend OfWidth(int bits)
    {
        Backend? backend = null;
        WidthsAttribute.Run(bits, Take<Floats512>, Take<Floats256>, Take<Floats128>);
        return backend!;

        void Take<V>()
            where V : unmanaged, IFloats<V> => backend = new Cpu<V>(Precision.Float32);
    }

    private static string? Difference(string name, Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual)
    {
        if (!expected[name].shape.SequenceEqual(actual[name].shape))
            return $"{name} has the shape [{string.Join(", ", actual[name].shape)}] instead of [{string.Join(", ", expected[name].shape)}]";
        // A key's bias has no effect: its gradient is zero but for rounding, that of numbers like its weight's.
        var scale = expected[name.Replace("to_k.bias", "to_k.weight")].abs().max().item<float>();
        var difference = (expected[name] - actual[name]).abs().max().item<float>();
        return difference <= 5e-5 * scale ? null : $"{name} differs by {difference:g3} where the largest number is {scale:g3}";
    }
}
