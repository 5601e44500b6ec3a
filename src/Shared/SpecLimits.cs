namespace UNetGen;

/// <summary>
/// How much a spec may ask for: the generator refuses more, and the runtime takes over no network of others that it would refuse. With
/// these, a network's parameters and positions fit into 64 bits, and its sizes into 32.
/// </summary>
internal static class SpecLimits
{
    public const int ImageSize = 4096;
    public const int Channels = 4096;
    public const int Width = 16384;

    /// <summary>The base width's, which is even: the sinusoid is as wide.</summary>
    public const int LeastDim = 4;

    /// <summary>2^12 is the largest image.</summary>
    public const int Levels = 13;

    public const int BlocksPerLevel = 64;

    /// <summary>
    /// On the way down. Each is some lines of the class, which the compiler reads at every keystroke: with these, half a megabyte.
    /// </summary>
    public const int Blocks = 256;

    /// <summary>Of one transformer.</summary>
    public const int TransformerLayers = 64;

    /// <summary>Of all transformers of a network: each layer is 20 entries of the state_dict.</summary>
    public const int AllTransformerLayers = 512;

    public const int TimeEmbDim = 4 * Width;
    public const int Classes = 1_000_000;
    public const int Timesteps = 1_000_000;

    /// <summary>
    /// Of a flow's mode_scale: from here to below <see cref="ModeScale"/> later numbers give later times (Esser et al. 2024, below eq. 20).
    /// </summary>
    public const double LeastModeScale = -1;

    /// <summary>2 / (pi - 2), rounded down.</summary>
    public const double ModeScale = 1.7519;

    /// <summary>
    /// Of logarithms of a diffusion's times, as p_mean, p_std and logit_mean are, up and down: e^40 is 2e17, and float32 still holds its
    /// square, which the network is wrapped with, and the squares of some deviations more.
    /// </summary>
    public const double LogOfTime = 40;

    /// <summary>Of EDM's sigma_data, by which images are divided before errors are squared: float32 holds what comes of it.</summary>
    public const double LeastSigmaData = 1e-16, SigmaData = 1e16;

    /// <summary>Of one attention: what a process can address at all, 128 TiB; with it the operations fit into 64 bits.</summary>
    public const double ScoreBytes = 1L << 47;

    /// <summary>The bytes of full attention's scores for one head and image, tokens times tokens.</summary>
    public static double ScoreBytesOf(long tokens, int memoryTokens = 0) => 4.0 * tokens * (tokens + memoryTokens);

    /// <summary>What float32 rounds to 1: this number, and those between it and 1.</summary>
    public const double NearlyOne = 1 - 1.0 / (1 << 25);

    /// <summary>The last of linear betas that are scaled by 1000 / timesteps, which must be below <see cref="NearlyOne"/>.</summary>
    public static double LastScaledBeta(int timesteps, double betaEnd) => betaEnd * 1000 / timesteps;

    /// <summary>The least number of timesteps for which it is.</summary>
    public static double TimestepsFor(double betaEnd) => Math.Floor(betaEnd * 1000 / NearlyOne) + 1;
}
