// Excerpt: hand-written network
using System.Security.Cryptography;
using System.Text;
using TorchSharp.Modules;
using UNetGen.Diffusion;
using UNetGen.Networks;
using static TorchSharp.torch;

/// <summary>A network written by hand: two convolutions, and the timestep as one more channel.</summary>
public sealed class TinyNetwork : NoisePredictor
{
    // What tells this network from others: checkpoints of another one are refused.
    private const string Spec = "tiny: 1\n";

    private readonly Conv2d first = nn.Conv2d(2, 16, 3, padding: 1);
    private readonly Conv2d last = nn.Conv2d(16, 1, 3, padding: 1);

    public TinyNetwork() : base(nameof(TinyNetwork))
    {
        register_module("first", first);
        register_module("last", last);
    }

    public override DiffusionOptions Diffusion { get; } =
        new() { Timesteps = 100, Objective = Objective.V, Schedule = BetaSchedule.Cosine };

    public override NetworkInfo Info { get; } = new()
    {
        Name = nameof(TinyNetwork),
        SpecPath = "none",
        Spec = Spec,
        SpecHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Spec))),
        Channels = 1,
        OutChannels = 1,
        ImageHeight = 8,
        ImageWidth = 8,
        DownsampleFactor = 1,
        ParameterCount = 2 * 16 * 9 + 16 + 16 * 9 + 1,
        SelfCondition = false,
        Levels = [],
    };

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        CheckInput(x, timesteps, Info.Channels, Info.ImageHeight, Info.ImageWidth);
        var time = (timesteps.to(x.dtype) / Diffusion.Timesteps).reshape(-1, 1, 1, 1).expand(-1, 1, x.shape[2], x.shape[3]);
        var hidden = nn.functional.silu(first.forward(cat([x, time], 1)));
        return last.forward(hidden).MoveToOuterDisposeScope();
    }
}
// End of excerpt
