using UNetGen.Sampling;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>An edit's tensors stay the caller's, who may have freed them.</summary>
public sealed class EditTensorsTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Tensors_that_are_disposed_or_without_numbers_are_refused_by_their_name()
    {
        var (there, gone, without) = (zeros(1, 1, 4, 4), zeros(1, 1, 4, 4), zeros(1, 1, 4, 4, device: META));
        gone.Dispose();

        foreach (var (wrong, fault) in new[] { (gone, "is disposed"), (without, "is on the device meta") })
        {
            Refuse("pictures", () => new FromPictures(wrong, 0.5), fault);
            Refuse("pictures", () => new Inpainting(wrong, there), fault);
            Refuse("mask", () => new Inpainting(there, wrong), fault);
            Refuse("first", () => new Interpolation(wrong, there, 3, 0.5), fault);
            Refuse("second", () => new Interpolation(there, wrong, [0.5f], 0.5), fault);
        }

        static void Refuse(string name, Func<PictureEdit> edit, string fault) =>
            Assert.StartsWith($"The tensor `{name}` {fault}", Assert.Throws<ArgumentException>(name, edit).Message);
    }

    [Fact]
    public void Tensors_that_are_disposed_before_the_drawing_are_named_by_it()
    {
        var network = new FunctionPredictor(new() { Timesteps = 100 }, (x, t, _) => GoldenDiffusion.Predict(x, t));
        var mask = zeros(1, 1, 4, 4);
        var edit = new Inpainting(zeros(1, 1, 4, 4), mask);
        mask.Dispose();

        Assert.StartsWith(
            $"The tensor of the mask for {network.Info.Name} is disposed: give one that lives until the call has returned.",
            Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(network, new() { Edit = edit })).Message);
    }
}
