using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>Timesteps [batch] to the time embedding [batch, timeEmbDim]: a fixed or learned embedding, Linear, exact GELU, Linear.</summary>
/// <remarks>Keys as of the references' Sequential: <c>0</c> the embedding, <c>1</c> and <c>3</c> the linear layers.</remarks>
public sealed class TimeEmbedding : ExplicitModule
{
    /// <summary>[batch] to [batch, features].</summary>
    public readonly nn.Module<Tensor, Tensor> embedding;

    /// <summary>features to timeEmbDim.</summary>
    public readonly Linear linear1;

    /// <summary>timeEmbDim to timeEmbDim.</summary>
    public readonly Linear linear2;

    /// <param name="embedding">[batch] to [batch, <paramref name="features"/>].</param>
    /// <param name="features">Width of <paramref name="embedding"/>.</param>
    /// <param name="timeEmbDim">Width of the result.</param>
    public TimeEmbedding(nn.Module<Tensor, Tensor> embedding, long features, long timeEmbDim) : base(nameof(TimeEmbedding))
    {
        this.embedding = embedding;
        linear1 = nn.Linear(features, timeEmbDim);
        linear2 = nn.Linear(timeEmbDim, timeEmbDim);
        register_module("0", embedding);
        register_module("1", linear1);
        register_module("3", linear2);
    }

    /// <param name="timesteps">[batch].</param>
    /// <returns>[batch, timeEmbDim].</returns>
    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var features = embedding.forward(timesteps).to(linear1.weight.dtype);
        return linear2.forward(nn.functional.gelu(linear1.forward(features))).MoveToOuterDisposeScope();
    }
}
