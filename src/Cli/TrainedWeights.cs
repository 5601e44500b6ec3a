using UNetGen.Cli.Runs;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>Checkpoints as the commands open them that draw, export or show: with all that speaks against them.</summary>
internal static class TrainedWeights
{
    /// <summary>Makes the network that was trained, with the weights to draw with.</summary>
    public static NoisePredictor Make(Checkpoint trained)
    {
        var network = Catalog.Of(trained).Create();
        try
        {
            trained.LoadInto(network);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">As <see cref="Checkpoint.Open"/> takes it.</param>
    /// <param name="tell">Told of every newer one that is damaged, and of what speaks against drawing with this one.</param>
    public static Checkpoint Open(string path, Action<string> tell)
    {
        var trained = Checkpoint.Open(path, new Warnings(tell));
        foreach (var doubt in trained.Doubts)
            tell(RunFields.InWordsOfRuns(doubt));
        return trained;
    }
}
