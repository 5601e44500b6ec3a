using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>The smallest network with weights and averaged weights that differ, to be saved.</summary>
internal sealed class TinyCheckpoint : IDisposable
{
    public static readonly TrainingOptions Training = new()
    {
        TimeLimit = TimeSpan.FromSeconds(90),
        LearningRate = 3e-4,
        Decay = LearningRateDecay.Cosine,
        Seed = 9,
    };

    public TinyCheckpoint(int width = 8)
    {
        Network = new TwoConvNet(width);
        Ema = new Ema(Network);
        using var noGradients = no_grad();
        foreach (var parameter in Network.parameters())
            parameter.mul_(1.1f);
        Network.get_buffer("calls")!.fill_(7);
    }

    public TwoConvNet Network { get; }

    public Ema Ema { get; }

    public CheckpointContent Content(int step = 120, double loss = 0.25) => new()
    {
        Network = Network,
        Step = step,
        Loss = loss,
        Training = Training,
        State = new() { ["elapsed_seconds"] = 12.5 },
        Tensors =
            new Dictionary<string, IReadOnlyDictionary<string, Tensor>> { ["weights"] = Network.state_dict(), ["ema"] = Ema.StateDict },
    };

    /// <summary>A network of the same spec without any weights.</summary>
    public static TwoConvNet Emptied()
    {
        var network = new TwoConvNet();
        using var noGradients = no_grad();
        foreach (var parameter in network.parameters())
            parameter.zero_();
        return network;
    }

    public void Dispose()
    {
        Ema.Dispose();
        Network.Dispose();
    }
}
