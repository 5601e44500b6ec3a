using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Each type of diffusion has its own keys.</summary>
public sealed class DiffusionTypeErrorTests
{
    private const string Spec = "preset: lucidrains\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1, 2]\n";

    [Fact]
    public void A_ddpms_keys_beside_a_flow() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          type: flow
          «timesteps»: 1000
          «schedule»: cosine
          «schedule_scaling»: false
          «objective»: v
          «loss_weight»: min_snr
          «min_snr_gamma»: 5
          «variance»: fixed_small
          «sigma_data»: 0.5
        """,
        [
            .. new[] { "timesteps", "schedule", "schedule_scaling", "objective", "loss_weight", "min_snr_gamma", "variance" }.Select(
                key => $"UNG0018: 'diffusion.{key}' would have no effect: it belongs to type: ddpm; leave it out"),
            "UNG0018: 'diffusion.sigma_data' would have no effect: it belongs to type: edm; leave it out, or say that",
        ]);

    [Fact]
    public void Keys_of_a_flow_and_of_edm_beside_a_ddpm() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          «shift»: 3
          «logit_mean»: 0
          «sigma_max»: 80
        """,
        "UNG0018: 'diffusion.shift' would have no effect: it belongs to type: flow; leave it out, or say that",
        "UNG0018: 'diffusion.logit_mean' would have no effect: it belongs to type: flow; leave it out, or say that",
        "UNG0018: 'diffusion.sigma_max' would have no effect: it belongs to type: edm; leave it out, or say that");

    [Fact]
    public void A_normal_distribution_of_uniform_times() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          type: flow
          timestep_sampling: uniform
          «logit_std»: 2
        """,
        "UNG0018: 'diffusion.logit_std' would have no effect: it belongs to timestep_sampling: logit_normal; leave it out");

    [Fact]
    public void Words_and_numbers_of_a_flows_times_that_there_arent() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          type: flow
          timestep_sampling: mode
          «logit_mean»: 0
          mode_scale: «1.8»
          weighting_scheme: «logit_normal»
        """,
        "UNG0018: 'diffusion.logit_mean' would have no effect: it belongs to timestep_sampling: logit_normal; leave it out",
        "UNG0008: 'diffusion.mode_scale' must be a number from -1 to below 1.7519, not 1.8",
        "UNG0018: 'diffusion.weighting_scheme: logit_normal' draws times and weighs none: write `timestep_sampling: logit_normal` in its "
            + "place; here it must be none, sigma_sqrt or cosmap");

    [Fact]
    public void Times_that_would_all_be_0_or_infinite() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          type: edm
          p_mean: «-1000»
          p_std: «50»
          sigma_data: «1e-30»
          sigma_min: «1e-45»
          sigma_max: «1e39»
        """,
        "UNG0008: 'diffusion.p_mean' must be a number from -40 to 40, not -1000",
        "UNG0008: 'diffusion.p_std' must be a number above 0 to 40, not 50",
        "UNG0008: 'diffusion.sigma_data' must be a number from 1e-16 to 1e16, not 1e-30",
        "UNG0008: 'diffusion.sigma_min' must be a finite number above 0, not 1e-45; above 0 the numbers of float32, in which all is "
            + "computed, have all their digits from 1.2e-38 on",
        "UNG0008: 'diffusion.sigma_max' must be a finite number above 0, not 1e39; the greatest number of float32, in which all is "
            + "computed, is 3.4e38");

    [Fact]
    public void Times_of_a_flow_that_would_all_be_0_or_1() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          type: flow
          logit_mean: «100»
          logit_std: «1e-300»
          shift: «1e300»
        """,
        "UNG0008: 'diffusion.logit_mean' must be a number from -40 to 40, not 100",
        "UNG0008: 'diffusion.logit_std' must be a finite number above 0, not 1e-300; above 0 the numbers of float32, in which all is "
            + "computed, have all their digits from 1.2e-38 on",
        "UNG0008: 'diffusion.shift' must be a finite number above 0, not 1e300; the greatest number of float32, in which all is "
            + "computed, is 3.4e38");

    [Fact]
    public void A_mode_of_other_times() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          type: flow
          «mode_scale»: 1
        """,
        "UNG0018: 'diffusion.mode_scale' would have no effect: it belongs to timestep_sampling: mode; leave it out, or say that");

    [Fact]
    public void A_learned_variance_of_steps_that_there_arent() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        learned_variance: true
        diffusion:
          type: «edm»
        """,
        "UNG0027: learned_variance: true predicts the variance of a DDPM's steps, and type: edm has no such steps; "
        + "use learned_variance: false, or type: ddpm");

    [Fact]
    public void Noise_that_would_have_to_grow() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        diffusion:
          type: edm
          sigma_min: «1»
          sigma_max: 0.5
        """,
        "UNG0020: the noise falls from sigma_max 0.5 to sigma_min 1, which must be less; "
        + "the defaults are sigma_max: 80 and sigma_min: 0.002");

    [Theory]
    [InlineData("diffusion: { type: flow_matching }", "flow")]
    [InlineData("diffusion: { type: rectified_flow }", "flow")]
    [InlineData("diffusion: { type: karras }", "edm")]
    [InlineData("diffusion: { type: gaussian_diffusion }", "ddpm")]
    public void Words_of_other_projects_are_understood(string line, string ours) => Assert.EndsWith(
        $"did you mean '{ours}'?", Assert.Single(GeneratorHarness.RunTwice(null, ("a.unet.yaml", Spec + line)).Diagnostics).GetMessage());

    [Fact]
    public void A_ddpm_is_the_same_network_whether_it_is_said_or_not()
    {
        Assert.Equal(Effective("diffusion: { timesteps: 500 }"), Effective("diffusion: { type: ddpm, timesteps: 500 }"));
        Assert.DoesNotContain("type", Effective("diffusion: { timesteps: 500 }").Split("diffusion:")[1]);
    }

    [Fact]
    public void The_effective_spec_of_a_flow_and_of_edm_says_their_keys_and_no_others()
    {
        Assert.EndsWith(
            "diffusion:\n  type: flow\n  timestep_sampling: logit_normal\n  logit_mean: 0\n  logit_std: 1\n  shift: 3\n",
            Effective("diffusion: { type: flow, shift: 3 }"));
        Assert.EndsWith(
            "diffusion:\n  type: flow\n  timestep_sampling: uniform\n  shift: 1\n",
            Effective("diffusion: { type: flow, timestep_sampling: uniform, weighting_scheme: none }"));
        Assert.EndsWith(
            "diffusion:\n  type: flow\n  timestep_sampling: mode\n  mode_scale: 1.29\n  shift: 1\n  weighting_scheme: cosmap\n",
            Effective("diffusion: { type: flow, timestep_sampling: mode, weighting_scheme: cosmap }"));
        Assert.EndsWith(
            "diffusion:\n  type: edm\n  p_mean: -1.2\n  p_std: 1.2\n  sigma_data: 0.5\n  sigma_min: 0.002\n  sigma_max: 80\n",
            Effective("diffusion: { type: edm }"));
    }

    [Fact]
    public void The_class_says_what_it_predicts_and_of_which_type_it_is()
    {
        var flow = Source("diffusion: { type: flow, shift: 3 }");
        Assert.Contains("predicts the flow's velocity, noise - x_0.", flow);
        Assert.Contains("Type = global::UNetGen.Diffusion.DiffusionType.Flow,", flow);
        Assert.Contains("TimestepSampling = global::UNetGen.Diffusion.TimestepSampling.LogitNormal,", flow);
        Assert.Contains("Shift = 3", flow);
        Assert.DoesNotContain("Timesteps =", flow);
        Assert.DoesNotContain("WeightingScheme =", flow);

        var weighed = Source("diffusion: { type: flow, timestep_sampling: mode, mode_scale: 0.5, weighting_scheme: sigma_sqrt }");
        Assert.Contains("TimestepSampling = global::UNetGen.Diffusion.TimestepSampling.Mode,", weighed);
        Assert.Contains("ModeScale = 0.5,", weighed);
        Assert.Contains("WeightingScheme = global::UNetGen.Diffusion.WeightingScheme.SigmaSqrt", weighed);

        var edm = Source("diffusion: { type: edm }");
        Assert.Contains("predicts EDM's F: x_0 is c_skip times the images plus c_out F.", edm);
        Assert.Contains("Type = global::UNetGen.Diffusion.DiffusionType.Edm,", edm);
        Assert.Contains("SigmaData = 0.5", edm);
    }

    private static string Effective(string line) => SpecWriter.Write(ParsedSpec.Of(Spec + line));

    private static string Source(string line) => GeneratorHarness.Run(Spec + line).Source;
}
