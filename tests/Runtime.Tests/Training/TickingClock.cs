namespace UNetGen.Runtime.Tests.Training;

/// <summary>A clock that moves a second each time it is looked at.</summary>
internal sealed class TickingClock : TimeProvider
{
    private long ticks;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => ticks++;
}
