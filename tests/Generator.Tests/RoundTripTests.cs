using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>The effective spec, which travels in checkpoints, is itself a spec, and means the same.</summary>
public sealed class RoundTripTests
{
    [Fact]
    public void The_effective_spec_read_again_is_the_same_spec() => SpecGen.ForEach(SpecGen.Valid, 500, text =>
    {
        var effective = SpecWriter.Write(ParsedSpec.Of(text));
        Assert.Equal(effective, SpecWriter.Write(ParsedSpec.Of(effective)));
    });

    [Fact]
    public void The_effective_spec_gives_the_same_network() => SpecGen.ForEach(SpecGen.Valid, 100, text =>
    {
        var effective = SpecWriter.Write(ParsedSpec.Of(text));
        var (first, second) = (GeneratorHarness.Run(text, ProjectOptions.Unbounded).Source, GeneratorHarness.Run(effective, ProjectOptions.Unbounded).Source);
        Assert.Equal(first, second);
        Assert.Contains($"SpecHash = \"{SpecWriter.Hash(effective)}\"", first, StringComparison.Ordinal);
    });

    [Fact]
    public void Every_key_that_counts_changes_the_hash_and_no_other()
    {
        const string spec = Specimens.LucidrainsRms;
        var hash = Hash(spec);
        Assert.Equal(hash, Hash(spec + "\nname: Other\nnamespace: Else.Where"));
        Assert.Equal(hash, Hash(spec + "\nkernels: reference"));
        Assert.Equal(hash, Hash(spec + "\ntime_emb_dim: 64\ninit_dim: 16\nnorm: rms\ndropout: -0.0\nattention:\n  levels: [linear, linear, full]"));
        Assert.Equal(hash, Hash(spec.Replace("image_size: 16", "image_size: [16, 16]")));
        Assert.Equal(Hash(spec + "\nattention:\n  resolutions: [8]"), Hash(spec + "\nattention:\n  levels: [none, full, none]"));
        Assert.Equal(Hash(spec + "\nattention: none"), Hash(spec + "\nattention:\n  levels: [none, none, none]\n  mid: none"));
        foreach (var other in new[]
        {
            "time_emb_dim: 65", "init_dim: 8", "init_kernel: 3", "norm: group", "weight_standardization: true", "activation: gelu", "dropout: 0.1",
            "time_embedding: {type: fourier}", "time_embedding: {theta: 100}", "time_embedding: {order: cos_sin}", "time_embedding: {freq_shift: 0}",
            "time_embedding: {conditioning: add}", "attention: none", "attention: {mid: none}", "attention: {heads: 2}", "attention: {head_dim: 8}",
            "attention: {memory_tokens: 0}", "downsample: conv", "upsample: conv_transpose", "self_condition: true", "zero_init: true",
            "diffusion: {timesteps: 500}", "diffusion: {schedule: cosine}", "diffusion: {schedule_scaling: false}", "diffusion: {objective: v}",
            "diffusion: {loss_weight: min_snr}", "diffusion: {variance: fixed_large}", "learned_variance: true", "num_classes: 10", "blocks: {resnet: My.Block}",
        })
        {
            Assert.NotEqual((other, hash), (other, Hash(spec + "\n" + other)));
        }
    }

    private static string Hash(string spec) => SpecWriter.Hash(SpecWriter.Write(ParsedSpec.Of(spec)));
}
