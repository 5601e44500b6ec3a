using TorchSharp;
using UNetGen.Blocks;
using UNetGen.Diffusion;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>
/// A network prints itself as PyTorch's <c>print(model)</c> does. What is expected is written after PyTorch's own rules
/// (<c>Module.__repr__</c>, <c>ModuleList.__repr__</c> and the layers' <c>extra_repr</c>).
/// </summary>
public sealed class PrintedTreeTests
{
    [Fact]
    public void A_generated_network_is_the_tree_of_its_layers_under_PyTorchs_keys()
    {
        using var network = AllNetworks.Create("LucidrainsRmsUNet");
        Assert.StartsWith("""
            LucidrainsRmsUNet(
              (init_conv): Conv2d(3, 16, kernel_size=(7, 7), stride=(1, 1), padding=(3, 3))
              (time_mlp): TimeEmbedding(
                (0): SinusoidalPosEmb()
                (1): Linear(in_features=16, out_features=64, bias=True)
                (3): Linear(in_features=64, out_features=64, bias=True)
              )
              (downs): ModuleList(
                (0): Down0(
                  (0-1): 2 x ResnetBlock(
                    (mlp): ModuleList(
                      (1): Linear(in_features=64, out_features=32, bias=True)
                    )
                    (block1): Block(
                      (proj): Conv2d(16, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
                      (norm): RMSNorm()
                    )
                    (block2): Block(
                      (proj): Conv2d(16, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
                      (norm): RMSNorm()
                    )
                  )
                  (2): LinearAttention(
                    (norm): RMSNorm()
                    (to_qkv): Conv2d(16, 384, kernel_size=(1, 1), stride=(1, 1), bias=False)
                    (to_out): ModuleList(
                      (0): Conv2d(128, 16, kernel_size=(1, 1), stride=(1, 1))
                      (1): RMSNorm()
                    )
                  )
                  (3): Downsample(
                    (1): Conv2d(64, 16, kernel_size=(1, 1), stride=(1, 1))
                  )
                )
                (1): Down1(

            """.ReplaceLineEndings("\n"), network.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\n  (final_conv): Conv2d(16, 3, kernel_size=(1, 1), stride=(1, 1))\n)", network.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Named_parts_under_one_key_are_a_ModuleDict()
    {
        using var network = AllNetworks.Create("AnnotatedTinyRgbUNet");
        Assert.Contains("""
                  (2): ResidualPreNorm(
                    (fn): ModuleDict(
                      (fn): LinearAttention(
            """.ReplaceLineEndings("\n"), network.ToString(), StringComparison.Ordinal);
        Assert.Contains("(proj): WeightStandardizedConv2d(16, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))\n",
            network.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_say_what_they_were_made_with_as_PyTorch_has_it()
    {
        using var network = new Layered();
        Assert.Equal("""
            Layered(
              (asymmetric): Conv2d(4, 8, kernel_size=(1, 7), stride=(1, 2), padding=(0, 3), dilation=(2, 2), groups=2, bias=False)
              (reflected): Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode=reflect)
              (up): ConvTranspose2d(4, 8, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))
              (flat): Conv1d(4, 8, kernel_size=(1,), stride=(1,))
              (linear): Linear(in_features=4, out_features=8, bias=False)
              (norm): GroupNorm(2, 8, eps=1e-05, affine=True)
              (tiny): GroupNorm(2, 8, eps=0.001, affine=True)
              (table): Embedding(10, 4)
              (list): ModuleList(
                (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
                (3): Linear(in_features=4, out_features=2, bias=True)
                (7): Linear(in_features=4, out_features=2, bias=True)
              )
              (other): SiLU()
            )
            """.ReplaceLineEndings("\n"), network.ToString());
    }

    private sealed class Layered : NoisePredictor
    {
        public Layered() : base(nameof(Layered))
        {
            register_module("asymmetric",
                nn.Conv2d(4, 8, (1, 7), stride: (1, 2), padding: (0, 3), dilation: (2, 2), groups: 2, bias: false));
            register_module("reflected", nn.Conv2d(4, 8, 3, padding: 1, padding_mode: PaddingModes.Reflect));
            register_module("up", nn.ConvTranspose2d(4, 8, 4, stride: 2, padding: 1, output_padding: 1));
            register_module("flat", nn.Conv1d(4, 8, 1));
            register_module("linear", nn.Linear(4, 8, hasBias: false));
            register_module("norm", Layers.GroupNorm(2, 8, 1e-5));
            register_module("tiny", Layers.GroupNorm(2, 8, 1e-3));
            register_module("table", nn.Embedding(10, 4));
            foreach (var (key, features) in new[] { (0, 4), (1, 4), (2, 4), (3, 2), (7, 2) })
                ModuleGroup.Register(this, $"list.{key}", nn.Linear(4, features));
            register_module("other", nn.SiLU());
        }

        public override NetworkInfo Info => throw new NotSupportedException();

        public override DiffusionOptions Diffusion => throw new NotSupportedException();

        public override Tensor forward(Tensor x, Tensor timesteps) => throw new NotSupportedException();
    }
}
