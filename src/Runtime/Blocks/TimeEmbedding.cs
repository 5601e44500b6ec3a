using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Timesteps [batch] to the time embedding [batch, timeEmbDim]: a fixed or learned embedding, Linear, activation, Linear.
/// </summary>
/// <remarks>
/// The activation is exact GELU in denoising-diffusion-pytorch, whose Sequential has the embedding under <c>0</c> and the linear layers
/// under <c>1</c> and <c>3</c>; it is SiLU in diffusers (<c>linear_1</c>, <c>linear_2</c>) and guided-diffusion (<c>0</c>, <c>2</c>), where
/// the embedding stands outside and has no key; one that has weights is <c>time_proj</c> here.
/// </remarks>
public sealed class TimeEmbedding : ExplicitModule
{
    /// <summary>[batch] to [batch, features].</summary>
    public readonly nn.Module<Tensor, Tensor> embedding;

    /// <summary>features to timeEmbDim.</summary>
    public readonly Linear linear1;

    /// <summary>timeEmbDim to timeEmbDim.</summary>
    public readonly Linear linear2;

    private readonly Activation activation;

    /// <param name="embedding">[batch] to [batch, <paramref name="features"/>].</param>
    /// <param name="features">Width of <paramref name="embedding"/>.</param>
    /// <param name="timeEmbDim">Width of the result.</param>
    /// <param name="keys">Whose keys, and with them whose activation.</param>
    public TimeEmbedding(nn.Module<Tensor, Tensor> embedding, long features, long timeEmbDim, KeyStyle keys = KeyStyle.DenoisingDiffusion)
        : base(nameof(TimeEmbedding))
    {
        ArgumentNullException.ThrowIfNull(embedding);
        this.embedding = embedding;
        linear1 = nn.Linear(features, timeEmbDim);
        linear2 = nn.Linear(timeEmbDim, timeEmbDim);
        activation = keys == KeyStyle.DenoisingDiffusion ? Activation.Gelu : Activation.Silu;
        var (keyOfEmbedding, first, second) = keys switch
        {
            KeyStyle.Diffusers => ("time_proj", "linear_1", "linear_2"),
            KeyStyle.GuidedDiffusion => ("time_proj", "0", "2"),
            _ => ("0", "1", "3"),
        };
        register_module(keyOfEmbedding, embedding);
        register_module(first, linear1);
        register_module(second, linear2);
    }

    /// <param name="timesteps">[batch].</param>
    /// <returns>[batch, timeEmbDim].</returns>
    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var features = embedding.forward(timesteps);
        return Compute.Backend.Embed(features, LayerWeights.Of(linear1), activation, LayerWeights.Of(linear2)).MoveToOuterDisposeScope();
    }
}
