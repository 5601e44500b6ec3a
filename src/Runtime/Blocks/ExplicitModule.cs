using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>A module whose constructor registers its parts itself, under PyTorch's keys and in PyTorch's order.</summary>
public abstract class ExplicitModule : nn.Module<Tensor, Tensor>
{
    /// <summary>Names the module as PyTorch does, by its class.</summary>
    protected ExplicitModule(string name) : base(name)
    {
    }

    /// <summary>Registers a parameter, which lives as long as the module, whatever dispose scope is open where it is made.</summary>
    /// <param name="name">In the state_dict.</param>
    /// <param name="initial">Its values; not to be used any more.</param>
    /// <param name="isLearned">Whether it gets a gradient.</param>
    private protected Parameter Owned(string name, Tensor initial, bool isLearned = true)
    {
        var parameter = nn.Parameter(initial, isLearned);
        parameter.DetachFromDisposeScope();
        register_parameter(name, parameter);
        return parameter;
    }

    /// <summary>Does nothing: TorchSharp would register every field once more, by reflection and under the field's name.</summary>
    protected sealed override void RegisterComponents()
    {
    }
}
