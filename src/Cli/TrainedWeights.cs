using UNetGen.Cli.Runs;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>Checkpoints as the commands open them that draw, export or show: with all that speaks against them.</summary>
internal static class TrainedWeights
{
    /// <summary>Opens a checkpoint and makes the network that was trained, with the weights to draw with.</summary>
    /// <param name="path">As <see cref="Checkpoint.Open"/> takes it.</param>
    /// <param name="tell">As for <see cref="Open"/>.</param>
    public static (Checkpoint Trained, NoisePredictor Network) Load(string path, Action<string> tell) => Read(path, tell, trained =>
    {
        var network = Catalog.Of(trained).Create();
        try
        {
            trained.LoadWeights(network);
            trained.SetKernels(network);
            if (trained.DoubtOf(network) is { } doubt)
                tell(doubt);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    });

    /// <summary>Opens a checkpoint and reads of it, as <see cref="Checkpoint.Read"/> does.</summary>
    /// <param name="path">As <see cref="Checkpoint.Open"/> takes it.</param>
    /// <param name="tell">As for <see cref="Open"/>.</param>
    /// <param name="read">Reads what is wanted.</param>
    public static (Checkpoint Trained, T Read) Read<T>(string path, Action<string> tell, Func<Checkpoint, T> read) =>
        Checkpoint.Read(path, trained => (Told(trained, tell), read(trained)), new Warnings(tell));

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">As <see cref="Checkpoint.Open"/> takes it.</param>
    /// <param name="tell">Told of every newer one that is damaged, and of what speaks against drawing with this one.</param>
    public static Checkpoint Open(string path, Action<string> tell) => Told(Checkpoint.Open(path, new Warnings(tell)), tell);

    private static Checkpoint Told(Checkpoint trained, Action<string> tell)
    {
        foreach (var doubt in trained.Doubts)
            tell(RunFields.InWordsOfRuns(doubt));
        return trained;
    }
}
