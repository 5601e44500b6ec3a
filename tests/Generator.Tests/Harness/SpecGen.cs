using CsCheck;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>Random specs, the same in every run.</summary>
internal static class SpecGen
{
    /// <summary>Where every run begins that doesn't say otherwise.</summary>
    public const string Seed = "0N0XIzNsQ0O2";

    /// <summary>Each of <paramref name="count"/> values; says which one fails.</summary>
    public static void ForEach<T>(Gen<T> gen, int count, Action<T> assert, string seed = Seed)
    {
        var random = PCG.Parse(seed);
        for (var i = 0; i < count; i++)
        {
            var value = gen.Generate(random, null, out _);
            try
            {
                assert(value);
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"It doesn't hold for:\n{value}\n", exception);
            }
        }
    }

    /// <summary>
    /// A spec without faults: every key of the network, not of its class, is there in some, with every value that it can have.
    /// </summary>
    public static readonly Gen<string> Valid =
        from preset in Gen.OneOf("annotated", "lucidrains", "ddpm", "adm", "conditional")
        let preActivation = preset is "ddpm" or "adm" or "conditional"
        let crosses = preset == "conditional"
        from levels in Gen.Int[1, 4]
        from anyNorm in Gen.Bool
        let groupNorm = anyNorm || crosses
        from groups in Gen.OneOf(1, 2, 3, 4, 8)
        from width in Gen.Int[1, 8]
        from multipliers in Gen.Int[1, 8].Array[levels]
        from init in Gen.Int[1, 8]
        from size in Gen.Select(Gen.Int[1, 5], Gen.Int[1, 5], Gen.Bool)
        from attention in crosses ? Transformers(levels) : Attention(levels, preActivation, preset == "adm")
        from time in Time
        from learnedVariance in Gen.Bool
        from diffusion in Diffusion(learnedVariance)
        from keys in Gen.Select(
            Maybe("channels", Gen.Int[1, 4096]),
            Maybe("time_emb_dim", Gen.Int[1, 65536]),
            Maybe("init_kernel", Gen.OneOf(1, 3, 5, 7, 31)),
            Maybe("weight_standardization", Bool),
            Maybe("activation", Gen.OneOf("silu", "gelu", "relu", "mish")),
            Maybe("dropout", Gen.OneOf("0", "-0.0", "0.5", "1e-3", "0.9999999", ".25")),
            Maybe("self_condition", Bool),
            Maybe("zero_init", Bool))
        from condition in Maybe("condition_channels", Gen.Int[0, 9])
        from classes in Maybe("num_classes", Gen.OneOf("1", "10", "1000", "null", "~"))
        from blocks in Gen.OneOf(Maybe("blocks_per_level", Gen.Int[1, 4]),
            Gen.Int[1, 3].Array[levels].Select(list => $"blocks_per_level: [{string.Join(", ", list)}]"))
        from initDim in Gen.Bool
        from eps in Maybe("norm_eps", Gen.OneOf("1e-5", "0.001", "1e-30", "3.3333333333333335"))
        from resampling in Gen.Select(
            Maybe("downsample", Gen.OneOf(preActivation ? Down.Append("resblock").ToArray() : Down)),
            Maybe("upsample", Gen.OneOf(preActivation ? Up.Append("resblock").ToArray() : Up)))
        let unit = 4 * groups * width
        let factor = 1 << (levels - 1)
        select Lines(
            $"preset: {preset}",
            $"norm: {(groupNorm ? "group" : "rms")}",
            groupNorm ? $"groups: {groups}" : "",
            groupNorm ? eps : "",
            size.Item3 ? $"image_size: {size.Item1 * factor}" : $"image_size: [{size.Item1 * factor}, {size.Item2 * factor}]",
            keys.Item1.Length > 0 ? keys.Item1 : "channels: 3",
            $"dim: {unit}",
            $"channel_multipliers: [{string.Join(", ", multipliers)}]",
            initDim ? $"init_dim: {groups * init}" : "",
            keys.Item2, keys.Item3, keys.Item4, keys.Item5, keys.Item6, keys.Item7, keys.Item8,
            levels > 1 ? resampling.Item1 : "",
            levels > 1 ? resampling.Item2 : "",
            condition, classes, preActivation ? blocks : "", learnedVariance ? "learned_variance: true" : "",
            time, attention, diffusion);

    private static string[] Down => ["unshuffle", "conv", "conv_asymmetric", "avg_pool"];

    private static string[] Up => ["nearest_conv", "conv_transpose"];

    private static Gen<string> Bool => Gen.OneOf("true", "false");

    private static Gen<string> Time =>
        from type in Gen.OneOf("sinusoidal", "fourier", "learned_fourier")
        from theta in Maybe("  theta", Gen.OneOf("2", "10000", "1.5e4", "1e300"))
        from order in Maybe("  order", Gen.OneOf("sin_cos", "cos_sin"))
        from shift in Maybe("  freq_shift", Gen.Int[0, 1])
        from conditioning in Maybe("  conditioning", Gen.OneOf("scale_shift", "add"))
        select Lines("time_embedding:", $"  type: {type}", type == "sinusoidal" ? Lines(theta, order, shift) : "", conditioning);

    // Shared: heads share the width, which is a multiple of 4.
    private static Gen<string> Attention(int levels, bool shared, bool guided) =>
        from none in Gen.Int[0, 4]
        from kinds in Gen.OneOf("none", "linear", "full").Array[levels]
        from choice in Gen.Bool
        let given = choice || shared // there the default may not suit the image
        from mid in Gen.OneOf("full", "none")
        from sizes in Gen.Select(Maybe("  heads", shared ? Gen.OneOf(1, 2, 4) : Gen.Int[1, 16]),
            Maybe("  head_dim", shared ? Gen.OneOf(1, 2, 4) : Gen.Int[1, 64]), Maybe("  memory_tokens", Gen.Int[0, 8]))
        from order in Maybe("  new_order", Bool)
        let any = !given || mid == "full" || kinds.Any(kind => kind != "none")
        select none == 0
            ? "attention: none"
            : Lines("attention:", $"  mid: {mid}", given ? $"  levels: [{string.Join(", ", kinds)}]" : "",
                any ? Lines(sizes.Item1, shared && sizes.Item1.Length > 0 ? "" : sizes.Item2, sizes.Item3) : "",
                guided && (mid == "full" || (given && kinds.Contains("full"))) ? order : "");

    private static Gen<string> Transformers(int levels) =>
        from none in Gen.Int[0, 4]
        from kinds in Gen.OneOf("none", "cross").Array[levels]
        from mid in Gen.OneOf("cross", "none")
        from share in Gen.Select(Gen.OneOf("heads", "head_dim"), Gen.OneOf(1, 2, 4), (key, value) => $"  {key}: {value}")
        from layers in Gen.OneOf(Maybe("  layers", Gen.Int[1, 3]),
            Gen.Int[1, 3].Array[levels].Select(list => $"  layers: [{string.Join(", ", list.Select((count, level) => HasTransformer(kinds, mid, level) ? count : 1))}]"))
        from linear in Maybe("  linear_projection", Bool)
        from context in Maybe("context_dim", Gen.Int[1, 768])
        let any = mid == "cross" || kinds.Contains("cross")
        select none == 0
            ? "attention: none"
            : Lines(any ? context : "", "attention:", $"  mid: {mid}", $"  levels: [{string.Join(", ", kinds)}]",
                any ? Lines(share, layers, linear) : "");

    private static bool HasTransformer(string[] kinds, string mid, int level) =>
        kinds[level] == "cross" || (level == kinds.Length - 1 && mid == "cross");

    private static Gen<string> Diffusion(bool learnedVariance) =>
        learnedVariance ? Ddpm(learnedVariance) : Gen.OneOf(Ddpm(learnedVariance), Ddpm(learnedVariance), Flow, Edm);

    private static Gen<string> Flow =>
        from sampling in Gen.OneOf("uniform", "logit_normal", "mode")
        from mean in Maybe("  logit_mean", Gen.OneOf("0", "-0.5", "1.5e0"))
        from std in Maybe("  logit_std", Gen.OneOf("1", "0.25"))
        from scale in Maybe("  mode_scale", Gen.OneOf("-1", "1.29", "1.75"))
        from shift in Maybe("  shift", Gen.OneOf("1", "3", "0.5"))
        from weights in Maybe("  weighting_scheme", Gen.OneOf("none", "sigma_sqrt", "cosmap"))
        select Lines(
            "diffusion:", "  type: flow", $"  timestep_sampling: {sampling}", sampling == "logit_normal" ? Lines(mean, std) : "",
            sampling == "mode" ? scale : "", shift, weights);

    private static Gen<string> Edm =>
        from rest in Gen.Select(
            Maybe("  p_mean", Gen.OneOf("-1.2", "0", "-0.4")), Maybe("  p_std", Gen.OneOf("1.2", "1")),
            Maybe("  sigma_data", Gen.OneOf("0.5", "1")), Maybe("  sigma_min", Gen.OneOf("0.002", "1e-3")),
            Maybe("  sigma_max", Gen.OneOf("80", "40.5")))
        select Lines("diffusion:", "  type: edm", rest.Item1, rest.Item2, rest.Item3, rest.Item4, rest.Item5);

    private static Gen<string> Ddpm(bool learnedVariance) =>
        from type in Maybe("  type", Gen.Const("ddpm"))
        from timesteps in Gen.Int[21, 4000]
        from schedule in Gen.OneOf("linear", "cosine", "sigmoid", "scaled_linear")
        from scaling in Maybe("  schedule_scaling", Bool)
        from betas in Gen.Select(
            Maybe("  beta_start", Gen.OneOf("1e-4", "0.00085", "1e-5")), Maybe("  beta_end", Gen.OneOf("0.02", "0.012", "0.0205")))
        from rescales in Gen.Bool
        from weight in Gen.OneOf("none", "min_snr", "plain")
        from gamma in Maybe("  min_snr_gamma", Gen.OneOf("5", "0.5", "1e1"))
        from rest in Gen.Select(
            Maybe("  objective", learnedVariance ? Gen.OneOf("noise", "x0") : Gen.OneOf("noise", "x0", "v")),
            Maybe("  variance", learnedVariance ? Gen.Const("learned_range") : Gen.OneOf("fixed_small", "fixed_large")),
            Maybe("  clip_sample", Bool))
        let learnsLast = rescales && weight == "plain" && (rest.Item1.EndsWith("x0") || rest.Item1.EndsWith('v'))
        select Lines(
            "diffusion:", type, $"  timesteps: {timesteps}", $"  schedule: {schedule}", schedule == "linear" ? scaling : "",
            schedule.EndsWith("linear") ? betas.Item1 : "", schedule.EndsWith("linear") ? betas.Item2 : "",
            learnsLast ? "  schedule_rescale: zero_terminal_snr" : "",
            $"  loss_weight: {weight}", weight == "min_snr" ? gamma : "", rest.Item1, rest.Item2, rest.Item3);

    private static Gen<string> Maybe<T>(string key, Gen<T> value) =>
        Gen.Select(Gen.Bool, value, (there, v) => there ? FormattableString.Invariant($"{key}: {v}") : "");

    private static string Lines(params string[] lines) => string.Join('\n', lines.Where(line => line.Length > 0));
}
