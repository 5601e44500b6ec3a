using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Until when standardised filters are kept: after that a network whose weights have changed computes with the new ones.</summary>
public sealed class KeptWeightsTests : IDisposable
{
    private readonly NoisePredictor network = new AnnotatedTinyRgbUNet();
    private readonly float[] before;

    public KeptWeightsTests()
    {
        Fill.Parameters(network);
        network.eval();
        before = Outcome();
    }

    public void Dispose() => network.Dispose();

    [Fact]
    public void Keepers_that_are_disposed_in_the_order_in_which_they_were_made_are_over()
    {
        var first = NoisePredictor.KeepWeights();
        var second = NoisePredictor.KeepWeights();
        Outcome();

        first.Dispose();
        Assert.Equal(before, Outcome());
        second.Dispose();
        Assert.Equal(before, Outcome());

        Change();
        Assert.Equal(OutcomeElsewhere(), Outcome());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_keeper_that_is_disposed_on_another_thread_is_over_on_its_own(bool isUsed)
    {
        var kept = NoisePredictor.KeepWeights();
        if (isUsed)
            Outcome();

        OnAnotherThread(kept.Dispose);

        Assert.Equal(before, Outcome());
        Change();
        Assert.Equal(OutcomeElsewhere(), Outcome());
    }

    [Fact]
    public void A_keeper_that_is_over_leaves_the_one_around_it_in_force()
    {
        using (NoisePredictor.KeepWeights())
        {
            var inner = NoisePredictor.KeepWeights();
            Outcome();
            OnAnotherThread(inner.Dispose);
            Outcome();

            // No weight may change meanwhile: this one does, and shows who still keeps it.
            Change();
            Assert.NotEqual(OutcomeElsewhere(), Outcome());
        }
        Assert.Equal(OutcomeElsewhere(), Outcome());
    }

    /// <summary>By numbers that the filters' standardisation doesn't take out.</summary>
    private void Change()
    {
        using var noGradients = no_grad();
        foreach (var weight in network.parameters().Where(parameter => parameter.dim() == 4))
        {
            using var change = Fill.Input("change", weight.shape);
            weight.add_(change);
        }
    }

    private float[] Outcome()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return network.forward(Fill.Input("x", 1, 3, 16, 16), tensor([3L])).data<float>().ToArray();
    }

    /// <summary>On a thread where nobody has kept anything.</summary>
    private float[] OutcomeElsewhere()
    {
        float[] outcome = [];
        OnAnotherThread(() => outcome = Outcome());
        return outcome;
    }

    private static void OnAnotherThread(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        thread.Join();
    }
}
