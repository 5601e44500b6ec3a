using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>A module whose constructor registers its parts itself, under PyTorch's keys and in PyTorch's order.</summary>
public abstract class ExplicitModule : nn.Module<Tensor, Tensor>
{
    /// <summary>Names the module as PyTorch does, by its class.</summary>
    protected ExplicitModule(string name) : base(name)
    {
    }

    /// <summary>Does nothing: TorchSharp would register every field once more, by reflection and under the field's name.</summary>
    protected sealed override void RegisterComponents()
    {
    }
}
