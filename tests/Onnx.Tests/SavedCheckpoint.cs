using TorchSharp;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Onnx.Tests;

/// <summary>A network in a checkpoint whose averaged weights are others than the trained ones.</summary>
internal static class SavedCheckpoint
{
    /// <summary>Saves it; the network has the trained weights then.</summary>
    /// <returns>The checkpoint's folder.</returns>
    public static string Of(NoisePredictor network, string folder)
    {
        using var average = new Ema(network);
        using (torch.no_grad())
        {
            foreach (var parameter in network.parameters())
                parameter.mul_(1.5f);
        }
        return new CheckpointStore(folder).Save(new CheckpointContent
        {
            Network = network,
            Step = 120,
            Loss = 0.25,
            Training = new TrainingOptions { Steps = 200 },
            State = new() { ["elapsed_seconds"] = 12.5 },
            Tensors = new Dictionary<string, IReadOnlyDictionary<string, torch.Tensor>>
            {
                ["weights"] = network.state_dict(),
                ["ema"] = average.StateDict,
            },
        });
    }
}
