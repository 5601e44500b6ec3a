using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Modules under one part of a key, as Python's ModuleList or Sequential holds them: <c>downs</c> in <c>downs.0.block1</c>.
/// </summary>
public sealed class ModuleGroup : nn.Module
{
    private ModuleGroup() : base(nameof(ModuleGroup))
    {
    }

    /// <summary>
    /// Registers a part under a key of the reference's state_dict, dots and all: TorchSharp takes one part of a key at a time.
    /// </summary>
    /// <param name="parent">Where the key begins.</param>
    /// <param name="key">One part, or several with dots between; the groups in between are made where they are missing.</param>
    /// <param name="part">What stands there.</param>
    public static void Register(nn.Module parent, string key, nn.Module part)
    {
        ArgumentNullException.ThrowIfNull(parent);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(part);
        var dot = key.IndexOf('.');
        if (dot < 0)
        {
            parent.register_module(key, part);
            return;
        }

        var name = key[..dot];
        var group = parent.named_children().FirstOrDefault(child => child.name == name).module;
        if (group is null)
        {
            group = new ModuleGroup();
            parent.register_module(name, group);
        }

        Register(group, key[(dot + 1)..], part);
    }

    /// <summary>Nothing: <see cref="Register"/> has registered all.</summary>
    protected override void RegisterComponents()
    {
    }
}
