using UNetGen.Files;
using UNetGen.Logging;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Logging;

public sealed class TrainingLogTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string LogPath => folder.File("log.jsonl");

    [Fact]
    public void A_step_is_a_line_with_the_names_that_other_programs_read()
    {
        using (var log = TrainingLog.Open(LogPath))
            log.Write(new TrainingStep(7, 0.5, 1.25, 2e-3, 200, TimeSpan.FromSeconds(3.5), TimeSpan.Zero));
        Assert.Matches(
            """^\{"step":7,"loss":0.5,"gradient_norm":1.25,"learning_rate":0.002,"images_per_second":200,"seconds_per_thousand_images":5,"resident_bytes":[1-9][0-9]{6,},"elapsed_seconds":3.5\}\n$""",
            File.ReadAllText(LogPath));
    }

    [Fact]
    public void A_step_that_was_skipped_says_so()
    {
        using (var log = TrainingLog.Open(LogPath))
        {
            log.Write(new TrainingStep(1, 0.5, 1, 1, 200, TimeSpan.FromSeconds(1), TimeSpan.Zero));
            log.Write(new TrainingStep(2, 1e9, 1, 1, 200, TimeSpan.FromSeconds(2), TimeSpan.Zero, "step 2 is skipped"));
        }
        Assert.Equal([false, true], TrainingLog.Read(LogPath).Select(step => step.Skipped));
        Assert.EndsWith(""","elapsed_seconds":2,"skipped":true}""" + "\n", File.ReadAllText(LogPath));
    }

    [Fact]
    public void Numbers_are_read_bit_for_bit_as_they_were_written_also_those_that_are_none()
    {
        double[] losses = [1.0 / 3, 5e-324, double.NaN, double.PositiveInfinity, 0.1f];
        Write(losses);
        Assert.Equal(losses, TrainingLog.Read(LogPath).Select(step => step.Loss));
    }

    [Fact]
    public void Before_any_time_has_passed_no_rate_is_claimed()
    {
        using (var log = TrainingLog.Open(LogPath))
            log.Write(new TrainingStep(1, 1, 1, 1, 0, TimeSpan.Zero, TimeSpan.Zero));
        Assert.Equal(0, Assert.Single(TrainingLog.Read(LogPath)).SecondsPerThousandImages);
    }

    [Fact]
    public void Several_threads_write_whole_lines()
    {
        var (last, written) = (0, 0);
        using (var log = TrainingLog.Open(LogPath))
            Parallel.For(0, 400, _ =>
            {
                // One that another has overtaken is refused: a log's steps rise.
                try
                {
                    log.Write(Step(Interlocked.Increment(ref last), 0.5));
                    Interlocked.Increment(ref written);
                }
                catch (ArgumentException)
                {
                }
            });
        Assert.Equal(written, TrainingLog.Read(LogPath).Count);
    }

    [Fact]
    public void Each_line_can_be_read_as_soon_as_it_is_written()
    {
        using var log = TrainingLog.Open(LogPath);
        for (var step = 1; step <= 3; step++)
        {
            log.Write(Step(step, 0.5));
            Assert.Equal(step, TrainingLog.Read(LogPath).Count);
        }
    }

    [Fact]
    public void Wherever_the_file_is_cut_off_the_whole_lines_before_are_read_and_continued()
    {
        Write(1, 2, 3);
        var whole = File.ReadAllBytes(LogPath);
        var ends = Enumerable.Range(0, whole.Length).Where(i => whole[i] == '\n').SelectMany(end => (int[])[end - 1, end, end + 1]);
        foreach (var length in ends.Append(0).Append(1))
        {
            File.WriteAllBytes(LogPath, whole[..length]);
            var lines = whole[..length].Count(value => value == '\n');
            Assert.Equal(lines, TrainingLog.Read(LogPath).Count);
            using (var log = TrainingLog.Open(LogPath, continueAfter: lines))
                log.Write(Step(lines + 1, 9));
            Assert.Equal(Enumerable.Range(1, lines + 1), TrainingLog.Read(LogPath).Select(step => step.Step));
        }
    }

    [Fact]
    public void Continuing_after_a_step_drops_the_lines_of_later_ones_and_keeps_the_rest_byte_for_byte()
    {
        Write(0.1, 0.2, 0.3, 0.4);
        var lines = File.ReadAllLines(LogPath);
        using (var log = TrainingLog.Open(LogPath, continueAfter: 2))
        {
            Assert.Equal(4, log.LastDroppedStep);
            log.Write(Step(3, 7));
        }
        using (var log = TrainingLog.Open(LogPath, continueAfter: 3))
            Assert.Null(log.LastDroppedStep);
        Assert.Equal(lines[..2], File.ReadLines(LogPath).Take(2));
        Assert.Equal([0.1, 0.2, 7], TrainingLog.Read(LogPath).Select(step => step.Loss));
        Assert.Equal([LogPath], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Beginning_anew_drops_all()
    {
        Write(1, 2);
        TrainingLog.Open(LogPath).Dispose();
        Assert.Empty(TrainingLog.Read(LogPath));
    }

    [Fact]
    public void A_log_that_is_being_written_can_t_be_opened_a_second_time_and_goes_on()
    {
        using var log = TrainingLog.Open(LogPath);
        log.Write(Step(1, 1));
        var error = Assert.Throws<LockedException>(() => TrainingLog.Open(LogPath, continueAfter: 1));
        Assert.StartsWith($"{LogPath} is being written by this process already, ", error.Message);
        log.Write(Step(2, 2));
        Assert.Equal(2, TrainingLog.Read(LogPath).Count);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("""{"step":2}""")]
    [InlineData("")]
    public void A_damaged_line_in_the_middle_is_named(string damage)
    {
        Write(1, 2, 3);
        var lines = File.ReadAllLines(LogPath);
        File.WriteAllText(LogPath, $"{lines[0]}\n{damage}\n{lines[2]}\n");
        var error = Assert.Throws<UNetGenException>(() => TrainingLog.Read(LogPath));
        Assert.Contains($"{LogPath} is damaged: line 2", error.Message);
    }

    [Fact]
    public void Steps_out_of_order_are_damage_too()
    {
        Write(1, 2);
        var lines = File.ReadAllLines(LogPath);
        File.WriteAllText(LogPath, $"{lines[0]}\n{lines[1]}\n{lines[1]}\n");
        Assert.Contains("line 3", Assert.Throws<UNetGenException>(() => TrainingLog.Read(LogPath)).Message);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    [InlineData(0)]
    public void A_step_that_is_not_after_the_last_is_refused_and_the_log_goes_on(int step)
    {
        Write(1, 2);
        using (var log = TrainingLog.Open(LogPath, continueAfter: 2))
        {
            Assert.Equal(
                $"Step {step} can't follow step 2, the last of {LogPath}: a log's steps rise. A training that goes back opens its log anew, "
                    + "with `continueAfter`, which drops the later lines. (Parameter 'step')",
                Assert.Throws<ArgumentException>(() => log.Write(Step(step, 0.5))).Message);
            log.Write(Step(5, 0.5));
            Assert.StartsWith("Step 3 can't follow step 5", Assert.Throws<ArgumentException>(() => log.Write(Step(3, 0.5))).Message);
            log.Write(Step(6, 0.5));
        }

        Assert.Equal([1, 2, 5, 6], TrainingLog.Read(LogPath).Select(line => line.Step));
    }

    [Theory]
    [InlineData(-1, 0, "`images_per_second` is -1, which no step can have.")]
    [InlineData(double.NaN, 0, "`images_per_second` is NaN, which no step can have.")]
    [InlineData(1, -2, "`elapsed_seconds` is -2, which no step can have.")]
    public void What_no_step_can_have_is_not_written(double imagesPerSecond, int elapsed, string message)
    {
        using var log = TrainingLog.Open(LogPath);

        Assert.StartsWith(
            message,
            Assert.Throws<ArgumentException>(
                () => log.Write(new(1, 1, 1, 1, imagesPerSecond, TimeSpan.FromSeconds(elapsed), TimeSpan.Zero))).Message);
        Assert.Empty(TrainingLog.Read(LogPath));
    }

    private void Write(params double[] losses)
    {
        using var log = TrainingLog.Open(LogPath);
        for (var i = 0; i < losses.Length; i++)
            log.Write(Step(i + 1, losses[i]));
    }

    private static TrainingStep Step(int step, double loss) =>
        new(step, loss, 0.7, 1e-3, 100, TimeSpan.FromSeconds(step), TimeSpan.FromSeconds(1));
}
