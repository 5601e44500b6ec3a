using TorchSharp;
using UNetGen.Backends;
using UNetGen.Runtime.Tests.Backends;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>Every block of the backends' tests, on the device as on the CPU by the textbook.</summary>
internal static class BlockCheck
{
    private const double Result = 1e-4;
    private const double Gradients = 2e-3;

    public static void Run(Settings settings, Findings findings)
    {
        findings.Say($"The largest difference relative to the largest number, at most {Result} for results and {Gradients} for gradients.");
        findings.Head("block", "fast, result", "fast, gradients", "reference, result", "reference, gradients");
        var worst = (Result: 0.0, Gradient: 0.0);
        foreach (var (name, block) in BlockCase.All)
        {
            using var scope = NewDisposeScope();
            manual_seed(7);
            using var module = BlockCase.Randomized(block.Make());
            var (x, time) = (randn(block.Shape), randn(block.Shape[0], BlockCase.TimeWidth));
            var direction = Directions(module, x, time);
            var expected = Outcome(module, x, time, direction, KernelForm.Reference);
            module.to(settings.Device);
            var cells = new List<object> { name };
            foreach (var kernels in Enum.GetValues<KernelForm>())
            {
                var (result, gradient) = (0.0, 0.0);
                foreach (var images in new[] { x, TogetherOf(x) })
                {
                    var actual = Outcome(
                        module, images.to(settings.Device), time.to(settings.Device), direction.to(settings.Device), kernels);
                    findings.Hold(
                        expected.Keys.Order().SequenceEqual(actual.Keys.Order()), $"{name}: gradients of {string.Join(", ", actual.Keys)}");
                    result = Math.Max(result, Difference.Largest(expected["result"], actual["result"]));
                    gradient = Math.Max(gradient, expected.Keys.Where(key => key != "result").Max(key => Of(key, expected, actual)));
                }
                cells.AddRange([result, gradient]);
                findings.Hold(result <= Result && gradient <= Gradients, $"{name}, {kernels} kernels: {result:0.0e+0}, {gradient:0.0e+0}");
                worst = (Math.Max(worst.Result, result), Math.Max(worst.Gradient, gradient));
            }
            findings.Row([.. cells]);
        }
        findings.Summary = $"{BlockCase.All.Count} blocks, results to {worst.Result:0.0e+0}, gradients to {worst.Gradient:0.0e+0}";
    }

    /// <summary>A key's bias has no effect: its gradient is zero but for rounding, that of numbers like its weight's.</summary>
    private static double Of(string key, Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual)
    {
        using var scope = NewDisposeScope();
        var scale = expected[key.Replace("to_k.bias", "to_k.weight")].abs().max().item<float>();
        return (expected[key] - actual[key].cpu()).abs().max().item<float>() / (scale == 0 ? 1 : scale);
    }

    private static Tensor TogetherOf(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    private static Tensor Directions(nn.Module module, Tensor x, Tensor time)
    {
        using var off = no_grad();
        return randn(BlockCase.Forward(module, x, time).shape);
    }

    private static Dictionary<string, Tensor> Outcome(nn.Module module, Tensor x, Tensor time, Tensor direction, KernelForm kernels)
    {
        using var computing = Compute.Use(kernels, Precision.Float32, x.device_type);
        var (leaf, embedding) = (x.detach().requires_grad_(), time.detach().requires_grad_());
        var result = BlockCase.Forward(module, leaf, embedding);
        return BlockCase.Outcome(module, result, direction, leaf, embedding);
    }
}
