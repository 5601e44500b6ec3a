using TorchSharp.Modules;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Optimizers;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// The exponential moving average of a network's weights, with which it draws better than with the last weights.
/// Make it after the network has been moved to its device.
/// </summary>
public sealed class Ema : IDisposable
{
    // The operator has no binding in TorchSharp; TorchScript reaches every operator of libtorch.
    private const string Source =
        """
        def average(shadows: List[Tensor], weights: List[Tensor], share: float):
            torch._foreach_lerp_(shadows, weights, share)
            return 0

        """;

    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile(Source.ReplaceLineEndings("\n")));

    private readonly List<(string Key, Tensor Live, Tensor Shadow)> weights;
    private readonly (Tensor Live, Tensor Shadow)[] buffers;
    private readonly Tensor[] lives;
    private readonly Tensor[] shadows;
    private readonly WeightUpdate? kernel;
    private readonly EmaOptions options;
    private readonly nn.Module network;
    private bool isDisposed;

    /// <summary>Starts as a copy of the network's weights.</summary>
    /// <param name="network">Whose parameters to average; its buffers are copied.</param>
    /// <param name="options">How to average; null: as they come.</param>
    /// <exception cref="UNetGenException">The options make no sense; the message names the one.</exception>
    /// <exception cref="ArgumentException">A weight is in bfloat16 or float16, where an average hardly moves.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public Ema(nn.Module network, EmaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        (this.network, this.options) = (network, options ?? new());
        this.options.Validate();
        NetworkCheck.RequirePrecise(network.named_parameters().Select(named => (named.name, (Tensor)named.parameter)), nameof(network));
        ObjectDisposedException.ThrowIf(network is NoisePredictor { IsDisposed: true }, network);
        weights = [.. network.state_dict().Select(entry => (entry.Key, entry.Value, Copy(entry.Value)))];
        // Buffers hold constants or counters, which have no mean.
        buffers = [.. weights.Where(weight => weight.Live is not Parameter).Select(weight => (weight.Live, weight.Shadow))];
        var means = weights.Where(weight => weight.Live is Parameter).ToArray();
        (lives, shadows) = (Array.ConvertAll(means, weight => weight.Live), Array.ConvertAll(means, weight => weight.Shadow));
        kernel = WeightUpdate.Fits(shadows) ? CpuKernels.OfThisProcessor?.Update(lives) : null;
    }

    /// <summary>The averaged weights by their keys, in the network's order; they stay this object's.</summary>
    /// <exception cref="ObjectDisposedException">They are freed.</exception>
    public IReadOnlyDictionary<string, Tensor> StateDict
    {
        get
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            return weights.ToDictionary(weight => weight.Key, weight => weight.Shadow);
        }
    }

    /// <summary>
    /// How much of the averaged weights is still those of the start: 1 before the first update, 0 once they were a copy of trained ones.
    /// </summary>
    public double FirstShare { get; internal set; } = 1;

    /// <summary>
    /// How much of the averaged weights is still those that the average began from, the first ones or the last that were copied: 1 up to
    /// <see cref="EmaOptions.StartAfter"/>, and less with every update from there.
    /// </summary>
    public double StartShare { get; internal set; } = 1;

    /// <summary>
    /// What speaks against drawing with the averaged weights, a sentence each: that none of the updates that were due has moved them, or
    /// that much of them is still those of the start. What is saved of a network that holds them (<see cref="Apply"/>) says it too.
    /// </summary>
    public IReadOnlyList<string> Doubts => TrainingDoubts.OfAverages([options], Step, [(FirstShare, StartShare)]);

    /// <summary>The last step that it was told of.</summary>
    internal int Step { get; set; }

    /// <summary>
    /// The decay of the update after a step: 0 (a copy) up to the start, then min(decay, 1 - (1 + n)^-power) for the n-th step from there.
    /// </summary>
    /// <param name="step">Steps trained, from 1.</param>
    public double DecayAt(int step) => options.DecayAt(step);

    /// <summary>
    /// To be called after each step; does something up to <see cref="EmaOptions.StartAfter"/>, and then after every
    /// <see cref="EmaOptions.UpdateEvery"/>-th.
    /// </summary>
    /// <param name="step">Steps trained, from 1.</param>
    /// <exception cref="InvalidOperationException">
    /// The network holds the averaged weights now, or was moved or converted after they were made; or this was made within
    /// <c>torch.inference_mode()</c>, and is called outside of it.
    /// </exception>
    /// <exception cref="ObjectDisposedException">They are freed.</exception>
    public void Update(int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        RequireWhole();
        if (IsApplied)
            throw new InvalidOperationException("The averaged weights are in the network now; they can't be averaged with themselves.");
        Step = step;
        if (!options.UpdatesAt(step))
            return;
        FirstShare *= DecayAt(step);
        StartShare = step <= options.StartAfter ? 1 : StartShare * DecayAt(step);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        foreach (var (buffer, copy) in buffers)
            copy.copy_(buffer);
        if (lives.Length == 0)
            return;
        if (kernel is not null)
        {
            Average(kernel, (float)(1 - DecayAt(step)));
            return;
        }
        using var share = Number.Once(1 - DecayAt(step));
        Script.Value.invoke("average", shadows, lives, share);
    }

    /// <summary>
    /// Puts the averaged weights into the network, until the result is disposed: <c>using (ema.Apply()) sampler.Sample(…)</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// They are there already, or those of another average; or the network was moved or converted after they were made, or was made within
    /// <c>torch.inference_mode()</c>, and this is outside of it; or it is called while a drawing with the network is observed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">They are freed.</exception>
    /// <remarks>
    /// It waits for drawings and for a training's step. A training that comes to its next step meanwhile refuses to go on: apply averages
    /// in its <c>report</c>, or beside it those of another network.
    /// </remarks>
    public IDisposable Apply()
    {
        RequireWhole();
        if (!BorrowedWeights.TryBegin(network, Doubts))
            throw new InvalidOperationException("Averaged weights are in the network already.");
        try
        {
            return NetworkUse.Alone(network, () => new Applied(this));
        }
        catch
        {
            BorrowedWeights.End(network);
            throw;
        }
    }

    /// <summary>Looks whether both are there, the averaged weights and those that they are of.</summary>
    internal void RequireWhole()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ReplacedWeights.RequireNone(weights.Select(weight => weight.Live), nameof(Ema));
    }

    /// <summary>Whether averaged weights are in the network now, these or another average's.</summary>
    internal bool IsApplied => BorrowedWeights.Has(network);

    /// <summary>Frees the averaged weights; the network stays.</summary>
    public void Dispose()
    {
        isDisposed = true;
        weights.ForEach(weight => weight.Shadow.Dispose());
    }

    private unsafe void Average(WeightUpdate kernel, float share)
    {
        float*[] from = new float*[lives.Length], to = new float*[lives.Length];
        for (var index = 0; index < lives.Length; index++)
        {
            from[index] = TensorMemory.Of(lives[index]);
            to[index] = TensorMemory.Of(shadows[index]);
        }
        kernel.Average(from, to, share);
        GC.KeepAlive(this);
    }

    private static Tensor Copy(Tensor weight)
    {
        using var noGradients = no_grad();
        return weight.clone().DetachFromDisposeScope();
    }

    private sealed class Applied : IDisposable
    {
        private readonly Ema ema;
        private readonly List<Tensor> trained;
        private bool isOver;

        public Applied(Ema ema)
        {
            this.ema = ema;
            using var noGradients = no_grad();
            trained = ema.weights.ConvertAll(weight => Copy(weight.Live));
            try
            {
                InferenceWeights.Explained(() => ema.weights.ForEach(weight => weight.Live.copy_(weight.Shadow)));
            }
            catch
            {
                trained.ForEach(weight => weight.Dispose());
                throw;
            }
        }

        public void Dispose()
        {
            if (isOver)
                return;
            using var alone = NetworkUse.Alone(ema.network);
            // Another thread may have been as fast.
            if (isOver)
                return;
            using var noGradients = no_grad();
            InferenceWeights.Explained(() =>
            {
                foreach (var ((_, live, _), weight) in ema.weights.Zip(trained))
                    live.copy_(weight);
            });
            isOver = true;
            trained.ForEach(weight => weight.Dispose());
            BorrowedWeights.End(ema.network);
        }
    }
}
