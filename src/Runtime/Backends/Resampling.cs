namespace UNetGen.Backends;

/// <summary>What a residual block does to height and width.</summary>
public enum Resampling
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Halves them, by the mean of 2 x 2 pixels.</summary>
    Down,

    /// <summary>Doubles them: every pixel four times.</summary>
    Up,
}
