using System.Reflection;
using TorchSharp;
using UNetGen.Networks;

namespace UNetGen.Compiler;

/// <summary>
/// A spec's class, compiled into this program. While one of a spec is there, others of it share its class; when all are disposed and no
/// network of it lives any more, the class is unloaded. Networks may outlive this.
/// </summary>
public sealed class CompiledNetwork : IDisposable
{
    private NetworkAssembly? assembly;

    internal CompiledNetwork(GeneratedSpec spec, NetworkAssembly assembly) =>
        (Spec, Info, this.assembly) = (spec, assembly.Description, assembly);

    /// <summary>The class's source, and what there is to say of the spec.</summary>
    public GeneratedSpec Spec { get; }

    /// <summary>
    /// What the network is, without making one. Of a network with blocks of your own only a live one counts the parameters: here they
    /// are 0.
    /// </summary>
    public NetworkInfo Info { get; }

    /// <summary>The generated class.</summary>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    public Type Class => Constructor.DeclaringType!;

    private ConstructorInfo Constructor => (assembly ?? throw new ObjectDisposedException(nameof(CompiledNetwork))).Constructor;

    /// <summary>Makes a network with PyTorch's initial values, which the caller disposes.</summary>
    /// <param name="device">Where its parameters are to be; null: on the CPU.</param>
    /// <param name="dtype">Their type; null: float32.</param>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    public NoisePredictor Create(torch.Device? device = null, torch.ScalarType? dtype = null) =>
        (NoisePredictor)Constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, [device, dtype], null);

    /// <summary>Gives the class up.</summary>
    public void Dispose() => Interlocked.Exchange(ref assembly, null)?.Return();
}
