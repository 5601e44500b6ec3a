// Excerpt: device, logging and cancelling
using Microsoft.Extensions.Logging;
using TorchSharp;
using UNetGen.Data;
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Sampling;
using UNetGen.Training;

public static class Drawing
{
    /// <summary>Trains until the end or until stopped, goes on where an earlier call was stopped, and draws.</summary>
    /// <returns>Whether the end was reached.</returns>
    public static bool TrainAndDraw(NoisePredictor network, IImageSource images, string folder, ILogger logger, CancellationToken stop)
    {
        network.to(Devices.Default);   // or Devices.Parse("cuda:1")
        var store = new CheckpointStore(Path.Combine(folder, "checkpoints"), logger: logger);
        using var trainer = new Trainer(network, images, new TrainingOptions { Steps = 20, CheckpointEvery = 10 }, logger: logger);
        if (store.Newest() is { } newest)
            trainer.Restore(newest);
        try
        {
            trainer.Train(step => logger.LogDebug("step {Step}: loss {Loss}", step.Step, step.Loss), store, stop);
        }
        catch (TrainingCanceledException stopped)
        {
            logger.LogInformation("stopped after step {Step}, which is saved", stopped.Summary.Steps);
            return false;
        }
        using var averaged = trainer.Ema.Apply();
        using var pictures = new DdimSampler(steps: 10).Sample(network, new SamplingOptions { Count = 4 }, cancellation: stop);
        ImageGrid.Save(pictures, Path.Combine(folder, "samples.png"));
        return true;
    }
}
// End of excerpt
