namespace UNetGen.Benchmarks.Networks;

/// <summary>What was read of both sides, in pairs that were taken one directly after the other.</summary>
internal sealed class Readings
{
    private readonly List<double> peer = [];
    private readonly List<double> generated = [];

    public double Peer => Quantile(peer, 0.5);

    public double Generated => Quantile(generated, 0.5);

    /// <summary>Of the medians: how many times as much the hand-written network takes.</summary>
    public double Ratio => Peer / Generated;

    /// <summary>Between which ratios the middle half of the pairs lies.</summary>
    public (double Low, double High) Spread
    {
        get
        {
            var ratios = peer.Zip(generated, (by, with) => by / with).ToList();
            return (Quantile(ratios, 0.25), Quantile(ratios, 0.75));
        }
    }

    public void Add(double ofPeer, double ofGenerated)
    {
        peer.Add(ofPeer);
        generated.Add(ofGenerated);
    }

    /// <summary>The value that so great a part lies below; between two, in proportion.</summary>
    private static double Quantile(IEnumerable<double> values, double part)
    {
        var sorted = values.Order().ToArray();
        var place = part * (sorted.Length - 1);
        var (below, above) = (sorted[(int)Math.Floor(place)], sorted[(int)Math.Ceiling(place)]);
        return below + (place - Math.Floor(place)) * (above - below);
    }
}
