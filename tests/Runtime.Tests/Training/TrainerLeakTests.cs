using TorchSharp;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>A training of a week takes the memory of its first minute. Not beside other tests, whose memory would count as well.</summary>
[Collection(nameof(GlobalGenerator))]
public class TrainerLeakTests
{
    [Fact]
    public void After_1000_steps_there_are_as_many_tensors_and_as_much_memory_as_after_100()
    {
        using var network = new TwoConvNet(selfCondition: true, classes: 3, dropout: 0.1);
        var before = LiveTensors();
        using (var trainer = new Trainer(
            network, new Stripes(classes: 2),
            new()
            {
                Steps = 1000,
                BatchSize = 8,
                Accumulation = 2,
                OffsetNoise = 0.1,
                Ema = [
                new(), new() { Decay = 0.9, UpdateEvery = 1 }]
            }))
        {
            var tensors = new Dictionary<int, long>();
            var memory = new Dictionary<int, long>();
            trainer.Train(step =>
            {
                if (step.Step % 100 != 0)
                    return;
                tensors[step.Step] = LiveTensors();
                GC.Collect();
                GC.WaitForPendingFinalizers();
                memory[step.Step] = Environment.WorkingSet;
            });

            // The next batch's four are there already or not yet, as its reader was fast, and nothing else is.
            Assert.Contains(tensors[1000] - tensors[100], new long[] { -4, 0, 4 });
            // Not less than a step's tensors a step: 8 images of 64 values with their intermediate results take more than 30 kB, in 900
            // steps 27 MB.
            Assert.InRange(memory[1000] - memory[100], long.MinValue, 16L << 20);
        }
        Assert.Equal(before, LiveTensors());
    }

    private static long LiveTensors() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
}
