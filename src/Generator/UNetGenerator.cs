using Microsoft.CodeAnalysis;

namespace UNetGen.Generator;

/// <summary>Turns every *.unet.yaml of a project into a typed TorchSharp module.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class UNetGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
    }
}
