using TorchSharp;

namespace UNetGen.Compiler.Tests;

/// <summary>A user's part of Specs/hooked.unet.yaml's class.</summary>
public sealed partial class HookedUNet
{
    partial void OnForwarded(ref torch.Tensor output) => output = output.neg();
}
