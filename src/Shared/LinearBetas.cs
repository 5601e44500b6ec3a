namespace UNetGen;

/// <summary>
/// Betas that run evenly from one to another, or whose roots do, and what they leave of the image: the generator and the import refuse
/// what the runtime can't draw with.
/// </summary>
internal static class LinearBetas
{
    /// <summary>
    /// What the last timestep must leave of the image's variance (alpha-bar): float32's least number with all its digits. Samplers divide
    /// by its root and by products with it.
    /// </summary>
    public const double LeastSignal = 1.17549435e-38;

    public static IEnumerable<double> Of(int timesteps, double start, double end, bool areScaled)
    {
        var scale = areScaled ? 1000.0 / timesteps : 1;
        return Linspace(scale * start, scale * end, timesteps);
    }

    public static IEnumerable<double> OfRoots(int timesteps, double start, double end)
    {
        foreach (var root in Linspace(Math.Sqrt(start), Math.Sqrt(end), timesteps))
            yield return root * root;
    }

    /// <summary>The first timestep that leaves less than <see cref="LeastSignal"/>; null: all leave as much.</summary>
    public static int? FirstWithoutSignal(IEnumerable<double> betas)
    {
        var (alphaBar, t) = (1.0, 0);
        foreach (var beta in betas)
        {
            alphaBar *= 1 - beta;
            if (alphaBar < LeastSignal)
                return t;
            t++;
        }
        return null;
    }

    private static IEnumerable<double> Linspace(double first, double last, int count)
    {
        for (var i = 0; i < count; i++)
            yield return count == 1 ? first : first + (last - first) * i / (count - 1);
    }
}
