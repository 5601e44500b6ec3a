using TorchSharp.Modules;
using UNetGen.Distributed;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// One rank's gradients in one flat buffer, which is added up over all ranks once a step. The parameters' gradients are views into it:
/// backward writes them where they are sent from, and the optimiser reads the sums where they arrived. Behind them lies what else the ranks
/// have to agree upon in each step, so that it costs no message of its own.
/// </summary>
internal sealed class RankGradients : IDisposable
{
    // Loss, its weight, wishes to stop, and rank 0's seconds in two parts: as one float32 the seconds of a week would be of 1/16 s.
    private const int TotalCount = 5;

    private readonly ICollective collective;
    private readonly Func<(bool Stop, TimeSpan Elapsed)> say;
    private readonly Tensor flat;
    private readonly List<(Parameter Parameter, Tensor View)> gradients = [];

    /// <param name="parameters">Those to train, on their device; all float32.</param>
    /// <param name="collective">The ranks.</param>
    /// <param name="say">Asked just before the ranks speak: whether this one wants to stop, and its time so far.</param>
    /// <exception cref="UNetGenException">A parameter isn't float32.</exception>
    public RankGradients(
        IReadOnlyList<(string Name, Parameter Parameter)> parameters, ICollective collective, Func<(bool Stop, TimeSpan Elapsed)> say)
    {
        (this.collective, this.say) = (collective, say);
        if (parameters.FirstOrDefault(named => named.Parameter.dtype != ScalarType.Float32) is ({ } name, { } other))
            throw new UNetGenException($"{name} is {other.dtype}: several processes train weights in Float32 only.");
        var count = parameters.Sum(named => named.Parameter.numel());
        flat = zeros([count + TotalCount], ScalarType.Float32, parameters[0].Parameter.device).DetachFromDisposeScope();
        Totals = flat.narrow(0, count, TotalCount).DetachFromDisposeScope();
        var offset = 0L;
        foreach (var (_, parameter) in parameters)
        {
            // Laid out as the parameter is, which may be channels last: what moves it goes through both at once.
            gradients.Add((parameter, flat.as_strided(parameter.shape, parameter.stride(), offset).DetachFromDisposeScope()));
            offset += parameter.numel();
        }
    }

    /// <summary>The totals of the step, on the device: for <see cref="Read"/>, once they are fetched.</summary>
    public Tensor Totals { get; }

    /// <summary>Whether a rank wanted to stop in the last step.</summary>
    public bool Stop { get; private set; }

    /// <summary>Rank 0's time in the last step.</summary>
    public TimeSpan Elapsed { get; private set; }

    /// <summary>
    /// Makes ready for a step: gradients of 0. Whoever has dropped them in between, as <c>zero_grad</c> does, gets them again.
    /// </summary>
    public void Clear()
    {
        flat.zero_();
        foreach (var (parameter, view) in gradients)
            parameter.grad = view;
    }

    /// <summary>
    /// Adds up gradients and totals over all ranks. Each brings its share of the means: its own, divided by the number of ranks.
    /// </summary>
    /// <param name="loss">Its share of the loss, a scalar on the device.</param>
    /// <param name="lossWeight">Its mean weight of timesteps in the loss; null is null everywhere.</param>
    public void AllReduce(Tensor loss, double? lossWeight)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var (stop, elapsed) = say();
        var seconds = collective.Rank == 0 ? elapsed.TotalSeconds : 0;
        var high = (float)seconds;
        Totals.copy_(tensor(new[] { 0, (float)(lossWeight ?? 0) / collective.Size, stop ? 1 : 0, high, (float)(seconds - high) }));
        Totals.select(0, 0).copy_(loss);
        // All at once: nothing else could be done meanwhile, and every further message has its latency on every rank.
        collective.AllReduce(flat);
    }

    /// <summary>Takes note of the totals.</summary>
    /// <param name="totals">The values of <see cref="Totals"/>.</param>
    /// <returns>The loss, and the mean weight of timesteps in it.</returns>
    public (float Loss, double LossWeight) Read(ReadOnlySpan<float> totals)
    {
        Stop = totals[2] > 0;
        Elapsed = TimeSpan.FromSeconds((double)totals[3] + totals[4]);
        return (totals[0], totals[1]);
    }

    /// <summary>Frees the buffer; the parameters must have dropped their gradients.</summary>
    public void Dispose()
    {
        gradients.ForEach(gradient => gradient.View.Dispose());
        Totals.Dispose();
        flat.Dispose();
    }
}
