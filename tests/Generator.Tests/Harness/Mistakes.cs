namespace UNetGen.Generator.Tests.Harness;

/// <summary>One thing that is wrong with a spec.</summary>
/// <param name="Edits">The lines it changes, by key: another line, or a line more.</param>
/// <param name="Rule">The one error of a spec with it alone.</param>
/// <param name="Needs">Further keys that must be right for it to show. <c>levels</c> is how many entries channel_multipliers has.</param>
internal sealed record Mistake((string Key, string Line)[] Edits, string Rule, params string[] Needs)
{
    /// <summary>What it leaves unknown; each key of a group where it is the group.</summary>
    public IEnumerable<string> Spoils =>
        Edits.Select(edit => edit.Key)
            .Concat(Edits.Any(edit => edit is { Key: "channel_multipliers", Line: not [.., ']'] or ['d', ..] }) ? ["levels"] : []);

    public bool ChangesWith(Mistake other) => Edits.Any(edit => other.Edits.Any(its => Overlap(edit.Key, its.Key)));

    public bool IsIndependentOf(Mistake other) => !ChangesWith(other) && !Hides(other) && !other.Hides(this);

    public override string ToString() => string.Join(", ", Edits.Select(edit => edit.Line));

    private bool Hides(Mistake other) => Spoils.Any(key => other.Needs.Any(need => Overlap(key, need)));

    private static bool Overlap(string key, string other) =>
        key == other || key.StartsWith(other + ".", StringComparison.Ordinal) || other.StartsWith(key + ".", StringComparison.Ordinal);
}

/// <summary>Right specs, a line a key, and what can be wrong with them.</summary>
internal sealed record MistakenSpec(string Name, (string Key, string Line)[] Right, Mistake[] Mistakes)
{
    private static readonly Mistake[] OfAnyFamily =
    [
        new([("preset", "preset: lucidrain")], "UNG0005"),
        new([("preset", "presets: ddpm")], "UNG0004"),
        new([("preset", "# none")], "UNG0006"),
        new([("channels", "channels: many")], "UNG0007"),
        new([("channels", "# none")], "UNG0006"),
        new([("out_channels", "out_channels: 4")], "UNG0032", "channels", "condition_channels"),
        new([("condition_channels", "condition_channels: 1"), ("out_channels", "out_channels: 2")], "UNG0032"),
        new([("condition_channels", "condition_channels: -1")], "UNG0008"),
        new([("image_size", "image_size: 28")], "UNG0016", "levels"),
        new([("image_size", "image_size: [32, 36]")], "UNG0016", "levels"),
        new([("image_size", "image_size: 0")], "UNG0008"),
        // It proposes what all of these divide or multiply.
        new([("dim", "dim: 33")], "UNG0014", "preset", "channel_multipliers", "groups", "norm", "init_dim"),
        new([("dim", "dimm: 32")], "UNG0004"),
        new([("dim", "dim: 32\ndim: 64")], "UNG0003"),
        new([("channel_multipliers", "channel_multipliers: [1, 0, 4, 8]")], "UNG0014"),
        new([("channel_multipliers", "channel_multipliers: [1, two, 4, 8]")], "UNG0007"),
        new([("channel_multipliers", "channel_multipliers: [1, 2, 4, 800]")], "UNG0014", "dim"),
        new([("channel_multipliers", "dim_mults: [1, 2, 4, 8]")], "UNG0004"),
        new([("channel_multipliers", "channel_multipliers: *m")], "UNG0010"),
        new([("dropout", "dropout: 2")], "UNG0008"),
        new([("dropout", "dropot: 0.2")], "UNG0004"),
        new([("norm", "norm: batch")], "UNG0005"),
        new([("colours", "colours: 3")], "UNG0004"),
        new([("time_embedding", "time_embedding: fourier")], "UNG0007"),
        new([("time_embedding.type", "  type: fourier"), ("time_embedding.theta", "  theta: 100")], "UNG0018"),
        new([("time_embedding.conditioning", "  conditioning: both")], "UNG0005"),
        new([("attention.levels", "  levels: [full]")], "UNG0026", "levels", "attention.resolutions"),
        new([("attention.levels", "  levels: [full, foll, none, none]")], "UNG0005", "preset"),
        new([("attention.levels", "  levels: [full, full, none, none]"), ("attention.resolutions", "  resolutions: [16]")], "UNG0017"),
        new([("attention.memory_tokens", "  memory_token: 2")], "UNG0004"),
        new([("attention", "attention: linear")], "UNG0007"),
        new([("diffusion.timesteps", "  timesteps: 10")], "UNG0020", "diffusion.type", "diffusion.schedule", "diffusion.schedule_scaling",
            "diffusion.beta_end"),
        new([("diffusion.schedule", "  schedule: linear"), ("diffusion.beta_start", "  beta_start: 0.03")], "UNG0020", "diffusion.type",
            "diffusion.beta_end"),
        new([("diffusion.beta_end", "  beta_end: 1")], "UNG0008"),
        new([("diffusion.schedule", "  schedule: cosine"), ("diffusion.beta_end", "  beta_end: 0.012")], "UNG0018", "diffusion.type"),
        new([("diffusion.schedule_rescale", "  schedule_rescale: zero_terminal_snr")], "UNG0031", "diffusion.type", "diffusion.objective"),
        new(
            [("diffusion.schedule_rescale", "  schedule_rescale: zero_terminal_snr"), ("diffusion.objective", "  objective: x0"),
                ("diffusion.loss_weight", "  loss_weight: none")],
            "UNG0031", "diffusion.type"),
        new([("diffusion.schedule", "  schedule: cosin")], "UNG0005", "diffusion.type"),
        new([("diffusion.loss_weight", "  loss_weight: none"), ("diffusion.min_snr_gamma", "  min_snr_gamma: 5")], "UNG0018",
            "diffusion.type"),
        new([("diffusion.loss_weight", "min_snr_loss_weight: true")], "UNG0004"),
        new([("diffusion.min_snr_gamma", "  min_snr_gamma: 5")], "UNG0018", "diffusion.loss_weight", "diffusion.type"),
        new([("learned_variance", "learned_variance: true"), ("diffusion.variance", "  variance: fixed_small")], "UNG0027",
            "diffusion.type"),
        new([("learned_variance", "learned_variance: perhaps")], "UNG0007"),
        new([("diffusion.variance", "  variance: learned_range")], "UNG0027", "learned_variance", "diffusion.type"),
        new([("diffusion.type", "  type: flw")], "UNG0005"),
        new([("diffusion", "diffusion: { type: flow, timesteps: 100 }")], "UNG0018"),
        new([("diffusion", "diffusion: { type: flow, timestep_sampling: uniform, logit_mean: 1 }")], "UNG0018"),
        new([("diffusion", "diffusion: { type: flow, mode_scale: 1 }")], "UNG0018"),
        new([("diffusion", "diffusion: { type: flow, weighting_scheme: mode }")], "UNG0018"),
        new([("diffusion", "diffusion: { type: edm, sigma_min: 90 }")], "UNG0020"),
        new([("diffusion", "diffusion: { type: edm }"), ("learned_variance", "learned_variance: true")], "UNG0027"),
        new([("diffusion.shift", "  shift: 3")], "UNG0018", "diffusion.type"),
    ];

    public static readonly IReadOnlyList<MistakenSpec> All =
    [
        Of("lucidrains", "norm: rms", "  levels: [linear, linear, linear, full]",
        [
            new([("groups", "groups: 8")], "UNG0018", "norm"),
            new([("norm_eps", "norm_eps: 1e-6")], "UNG0018", "norm", "preset"),
            new([("blocks_per_level", "blocks_per_level: 3")], "UNG0018", "preset"),
            new([("downsample", "downsample: resblock")], "UNG0018", "preset"),
            new([("attention.heads", "  heads: 1000")], "UNG0017", "attention.head_dim", "preset", "levels"),
        ]),
        Of("ddpm", "norm: group", "  levels: [none, none, full, none]",
        [
            new([("groups", "groups: 7")], "UNG0015", "dim", "channel_multipliers", "init_dim", "norm", "preset"),
            new([("init_dim", "init_dim: 20")], "UNG0015", "dim", "channel_multipliers", "groups", "norm", "preset"),
            new([("blocks_per_level", "blocks_per_level: [1, 2]")], "UNG0026", "levels", "preset"),
            new([("blocks_per_level", "blocks_per_level: [1, 2, 3, four]")], "UNG0007", "preset"),
            new([("attention.heads", "  heads: 5")], "UNG0028", "attention.levels", "dim", "channel_multipliers", "preset"),
            new([("attention.head_dim", "  head_dim: 24")], "UNG0028", "attention.levels", "dim", "channel_multipliers", "preset",
                "attention.heads"),
        ]),
        Of("adm", "norm: group", "  resolutions: [16]",
        [
            new([("attention.resolutions", "  resolutions: [16, 5]")], "UNG0017", "image_size", "levels", "attention.levels"),
            new([("attention.heads", "  heads: 5")], "UNG0028", "attention.resolutions", "image_size", "attention.levels", "dim",
                "channel_multipliers", "preset"),
            new(
                [("resnet", "blocks: { resnet: My.Block }"), ("downsample", "downsample: conv"), ("upsample", "upsample: nearest_conv"),
                    ("dropout", "dropout: 0.1"), ("time_embedding.conditioning", "  conditioning: add")],
                "UNG0018"),
        ]),
    ];

    public string With(params IEnumerable<Mistake> mistakes)
    {
        var lines = Right.ToDictionary(line => line.Key, line => line.Line);
        foreach (var (key, line) in mistakes.SelectMany(mistake => mistake.Edits))
        {
            foreach (var other in lines.Keys.Where(other => other.StartsWith(key + ".", StringComparison.Ordinal)).ToList())
                lines.Remove(other);
            lines[key] = line;
        }

        var all = lines.Select(line => (Group: line.Value.StartsWith(' ') ? line.Key.Split('.')[0] + ":\n" : "", Line: line.Value))
            .ToList();
        return string.Concat(
            all.GroupBy(line => line.Group).Select(group => group.Key + string.Concat(group.Select(line => line.Line + "\n"))));
    }

    public override string ToString() => Name;

    private static MistakenSpec Of(string preset, string norm, string attention, Mistake[] mistakes) => new(
        preset,
        [
            ("namespace", "namespace: Shop"), ("preset", $"preset: {preset}"), ("image_size", "image_size: 32"),
            ("channels", "channels: 3"), ("dim", "dim: 32"),
            ("channel_multipliers", "channel_multipliers: [1, 2, 4, 8]"), ("norm", norm),
            ("attention." + attention.Trim().Split(':')[0], attention), ("diffusion.timesteps", "  timesteps: 100"),
        ],
        [.. OfAnyFamily.Where(mistake => preset != "adm" || mistake.Edits is not [("attention.levels", _)]), .. mistakes]);
}
