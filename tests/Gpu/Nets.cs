using TorchSharp;
using UNetGen.Backends;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Networks;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck;

/// <summary>The networks that were generated into this program, by their specs.</summary>
internal static class Nets
{
    /// <summary>The tests' cases that have a reference, of all families.</summary>
    public static readonly IReadOnlyList<string> Golden =
    [
        "annotated_tiny_rgb", "annotated_gray_28", "lucidrains_group", "lucidrains_rms", "seed_no_attention",
        "ddpm_tiny", "ddpm_classes", "ddpm_resblock", "ddpm_init_dim", "adm_tiny", "adm_full", "adm_add",
        "cond_sd1_tiny", "cond_sd2_tiny", "cond_inpaint_tiny",
    ];

    /// <summary>A fresh network, whose first weights are the same on every device.</summary>
    public static NoisePredictor Create(string spec, Device device, KernelForm kernels = KernelForm.Fast)
    {
        manual_seed(3);
        var network = AllNetworks.Create(AllNetworks.Types.Single(
            type => Path.GetFileName(AllNetworks.Info(type).SpecPath) == $"{spec}.unet.yaml"));
        network.Kernels = kernels;
        network.to(device);
        return network;
    }
}
