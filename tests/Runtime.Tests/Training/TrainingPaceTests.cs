using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

public sealed class TrainingPaceTests
{
    [Fact]
    public void What_goes_on_has_the_pace_of_now_and_not_that_of_the_steps_before()
    {
        // A thousand steps of ten seconds on another machine; here one takes half a second.
        var pace = new TrainingPace(
            new TrainingOptions { Steps = 2000, BatchSize = 4 }, stepsBefore: 1000, imagesBefore: 4000, TimeSpan.FromSeconds(10_000));

        foreach (var done in Enumerable.Range(1, 10))
        {
            var elapsed = TimeSpan.FromSeconds(10_000 + 0.5 * done);
            Assert.Equal(8, pace.ImagesPerSecond(4000 + 4 * done, elapsed), 1e-9);
            Assert.Equal(0.5 * (1000 - done), pace.Remaining(1000 + done, elapsed).TotalSeconds, 1e-3);
        }
    }

    [Fact]
    public void A_change_of_pace_shows_within_a_hundred_steps()
    {
        var pace = new TrainingPace(new TrainingOptions { Steps = 1000 }, stepsBefore: 0, imagesBefore: 0, TimeSpan.Zero);
        var elapsed = TimeSpan.Zero;
        var rates = new List<double>();
        foreach (var step in Enumerable.Range(1, 250))
        {
            elapsed += TimeSpan.FromSeconds(step <= 150 ? 1 : 4);
            rates.Add(pace.ImagesPerSecond(step * 8, elapsed));
        }

        Assert.All(rates[..150], rate => Assert.Equal(8, rate, 1e-9));
        Assert.InRange(rates[199], 2.1, 7.9);
        Assert.Equal(2, rates[249], 1e-9);
    }

    [Fact]
    public void With_a_time_limit_what_is_left_is_what_is_left_of_it()
    {
        var pace = new TrainingPace(
            new TrainingOptions { Steps = null, TimeLimit = TimeSpan.FromMinutes(10) }, stepsBefore: 7, imagesBefore: 70,
            TimeSpan.FromMinutes(2));

        Assert.Equal(TimeSpan.FromMinutes(8), pace.Remaining(7, TimeSpan.FromMinutes(2)));
        Assert.Equal(0, pace.ImagesPerSecond(80, TimeSpan.FromMinutes(2)));
        Assert.Equal(7 * 60, pace.Remaining(8, TimeSpan.FromMinutes(3)).TotalSeconds, 1e-3);
    }
}
