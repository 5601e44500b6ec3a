using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Contexts, and guidance by them.</summary>
public sealed class ContextSamplingTests : IDisposable
{
    private static readonly DiffusionOptions X0 = new() { Timesteps = 100, Objective = Objective.X0, ClipSample = false };

    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();
    private readonly FunctionPredictor network = FunctionPredictor.OfContext(X0, width: 2, (x, context, _) =>
        context.mean([1L, 2]).reshape(-1, 1, 1, 1) * ones_like(x));

    public void Dispose()
    {
        network.Dispose();
        scope.Dispose();
        folder.Dispose();
    }

    private static SamplingOptions Options => new() { Count = 4, Context = Of(1, 2, 3) };

    [Fact]
    public void Images_have_the_contexts_in_turn_by_their_number()
    {
        Assert.Equal([1, 2, 3, 1], Draw(Options));
        Assert.Equal([1, 2, 3, 1], Draw(Options with { BatchSize = 3 }));
        Assert.Equal([3, 1], Draw(Options with { FirstImage = 2, Count = 2 }));
        Assert.Equal([2, 2, 2, 2], Draw(Options with { Context = Of(2) }));
        Assert.Equal([0.5f, 0.5f, 0.5f, 0.5f], Draw(Options with { Context = Of(0.5f).to(ScalarType.BFloat16) }));
    }

    [Fact]
    public void Guidance_leads_from_the_negative_context_to_the_given_one()
    {
        var none = full([1, 7, 2], -1f);
        Assert.Equal([-1, -1, -1, -1], Draw(Options with { Guidance = 0, NegativeContext = none }));
        Assert.Equal([3, 5, 7, 3], Draw(Options with { Guidance = 2, NegativeContext = none }));
        Assert.Equal([1, 3, 4, 2], Draw(Options with { Guidance = 2, NegativeContext = Of(1, 1, 2, 0), Context = Of(1, 2, 3, 1) }));
    }

    [Fact]
    public void Labels_are_led_away_from_together_with_the_context()
    {
        using var both = FunctionPredictor.OfContext(
            X0, width: 2, (x, context, labels) => (context.mean([1L, 2]) + labels! * 10.0f).reshape(-1, 1, 1, 1) * ones_like(x),
            classes: 3);

        // 1 + 0 10, led away from 0 + 2 10.
        Assert.Equal(
            [2 * 1 - 20], Draw(new() { Count = 1, Context = Of(1), NegativeContext = Of(0), Labels = [0], Guidance = 2 }, both));
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        Assert.Contains(
            "FunctionPredictor is conditioned on a context: say of which, [1 or more, tokens, 2]",
            Refusal(Options with { Context = null }));
        Assert.Contains("`Context` must be [1 or more, tokens, 2], but is [1, 4, 3].", Refusal(Options with { Context = zeros(1, 4, 3) }));
        Assert.Contains("`Context` is sparse: give its `to_dense()`.", Refusal(Options with { Context = zeros(1, 4, 2).to_sparse() }));
        Assert.Contains("`Context` is on the device meta", Refusal(Options with { Context = zeros([1, 4, 2], device: META) }));
        Assert.Contains("but is [4, 2].", Refusal(Options with { Context = zeros(4, 2) }));
        Assert.Contains("`Context` holds NaN, which is no finite number", Refusal(Options with { Context = full([1, 1, 2], float.NaN) }));
        Assert.Contains(
            "`NegativeContext` holds 1E+30, beyond 1,000,000, where no encoder's numbers lie",
            Refusal(Options with { Guidance = 2, NegativeContext = full([1, 1, 2], -1e30) }));
        Assert.Contains("none is given: give `NegativeContext`", Refusal(Options with { Guidance = 3 }));
        Assert.Contains("at a guidance of 1 there is none", Refusal(Options with { NegativeContext = Of(0) }));
        Assert.Contains(
            "`NegativeContext` must be [1 or more, tokens, 2]", Refusal(Options with { Guidance = 2, NegativeContext = zeros(1, 4, 3) }));
        using var plain = new FunctionPredictor(X0, (x, _, _) => x);
        Assert.Contains(
            "FunctionPredictor takes no context: its spec has no context_dim.",
            Assert.Throws<UNetGenException>(() => new DdimSampler(2).Sample(plain, Options)).Message);
    }

    [Fact]
    public void A_folder_is_continued_with_the_same_contexts_alone()
    {
        var options = Options with { Guidance = 2, NegativeContext = Of(0) };
        var drawn = new SampleFolder(folder.File("drawn"));
        Assert.Equal(4, drawn.Draw(network, new DdimSampler(2), options));
        Assert.Equal(0, drawn.Draw(network, new DdimSampler(2), options with { Context = Of(1, 2, 3) }));

        foreach (var (key, other) in new[]
        {
            ("context_sha256", options with { Context = Of(1, 2, 4) }),
            ("negative_context_sha256", options with { NegativeContext = Of(1) }),
        })
        {
            var error = Assert.Throws<UNetGenException>(() => drawn.Draw(network, new DdimSampler(2), other)).Message;
            Assert.Contains($" {key} is ", error);
        }
    }

    [Fact]
    public void What_is_not_clipped_by_the_diffusion_may_be_by_the_drawing()
    {
        Assert.Equal([1, 1, 1, 1], Draw(Options with { Clip = true }));
    }

    /// <summary>Contexts of two tokens, each of one number.</summary>
    private static Tensor Of(params float[] values) => tensor(values).reshape(-1, 1, 1).expand(-1, 2, 2).clone();

    private float[] Draw(SamplingOptions options, FunctionPredictor? other = null)
    {
        using var drawn = new DdimSampler(2).Sample(other ?? network, options);
        return drawn[TensorIndex.Colon, 0, 0, 0].contiguous().data<float>().ToArray();
    }

    private string Refusal(SamplingOptions options) =>
        Assert.Throws<UNetGenException>(() => new DdimSampler(2).Sample(network, options)).Message;
}
