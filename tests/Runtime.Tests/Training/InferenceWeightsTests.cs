using UNetGen.Interop;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Networks made within <c>torch.inference_mode()</c>: outside of it nothing is put into them.</summary>
public sealed class InferenceWeightsTests : IDisposable
{
    private const string Message =
        "The network was made within torch.inference_mode(), outside of which its weights can't be changed: make it outside, or do this "
            + "within.";

    private readonly TemporaryFolder folder = new();
    private readonly TwoConvNet network = Made();

    public void Dispose()
    {
        network.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Loading_is_refused_in_a_sentence_outside_and_done_within()
    {
        using var other = new TwoConvNet();
        StateDict.Save(folder.File("other.safetensors"), other);
        var checkpoint = Checkpoint.Open(folder.File("other.safetensors"));

        Assert.Equal(Message, Assert.Throws<InvalidOperationException>(() => StateDict.Load(network, other.state_dict())).Message);
        Assert.Equal(Message, Assert.Throws<InvalidOperationException>(() => checkpoint.LoadInto(network)).Message);
        Assert.Equal(Message, Assert.Throws<InvalidOperationException>(() => checkpoint.Begin(network)).Message);

        using var mode = inference_mode(true);
        checkpoint.LoadInto(network);
        Assert.Equal(Weights(other), Weights(network));
    }

    [Fact]
    public void Averages_are_refused_in_a_sentence_outside_and_put_in_within()
    {
        using var ema = new Ema(network);

        Assert.Equal(Message, Assert.Throws<InvalidOperationException>(ema.Apply).Message);

        using var mode = inference_mode(true);
        using (ema.Apply())
            Assert.Throws<InvalidOperationException>(ema.Apply);
    }

    private static TwoConvNet Made()
    {
        using var mode = inference_mode(true);
        return new TwoConvNet();
    }

    private static float[] Weights(TwoConvNet of) => [.. of.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];
}
