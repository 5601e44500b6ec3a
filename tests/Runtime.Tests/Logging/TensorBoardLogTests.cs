using SkiaSharp;
using UNetGen.Logging;

namespace UNetGen.Runtime.Tests.Logging;

/// <summary>Files of events hold what was written, by a reader that shares nothing with the writer.</summary>
public sealed class TensorBoardLogTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_reader_s_checksum_is_the_published_one() => Assert.Equal(0xE3069283u, TensorBoardReader.Crc32C("123456789"u8));

    [Fact]
    public void A_file_begins_with_its_version_and_a_session()
    {
        using (new TensorBoardLog(folder.Path))
        {
        }
        var events = ReadOnly();
        Assert.Equal(2, events.Count);
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        const int start = 1;
        Assert.Equal(start, events[1].SessionStatus);
    }

    [Fact]
    public void Scalars_are_there_with_tag_step_and_time_before_the_log_is_closed()
    {
        using var log = new TensorBoardLog(folder.Path, clock: new StoppedClock(1_700_000_000.25));
        log.Scalar("training/loss", 0.1, 1);
        log.Scalar("training/loss", double.NaN, 300);
        log.Scalar("größe", -1e30, int.MaxValue);
        Assert.Equal(
            [
                new(1_700_000_000.25, 1, null, "training/loss", 0.1f, null, null),
                new(1_700_000_000.25, 300, null, "training/loss", float.NaN, null, null),
                new(1_700_000_000.25, int.MaxValue, null, "größe", -1e30f, null, null),
            ],
            ReadOnly().Skip(2));
    }

    [Fact]
    public void Several_threads_write_to_a_log_and_begin_logs_in_one_folder()
    {
        using (var log = new TensorBoardLog(folder.Path))
            Parallel.For(0, 400, step => log.Scalar("loss", step, step));
        Assert.Equal(Enumerable.Range(0, 400), ReadOnly().Skip(2).Select(read => (int)read.Step).Order());

        Parallel.For(0, 20, _ => new TensorBoardLog(folder.Path).Dispose());
        Assert.Equal(21, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void A_text_is_there_for_the_plugin_that_shows_texts()
    {
        using (var log = new TensorBoardLog(folder.Path))
            log.Text("network/diffusion", "flow, größer", 7);
        var written = ReadOnly()[2];
        Assert.Equal(("network/diffusion", 7, "flow, größer"), (written.Tag, written.Step, written.Text));
    }

    [Fact]
    public void A_picture_is_there_as_it_was_given_with_its_size()
    {
        using var bitmap = new SKBitmap(30, 20);
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        var png = encoded.ToArray();
        using (var log = new TensorBoardLog(folder.Path))
            log.Image("samples", png, 200);
        var written = ReadOnly()[2];
        Assert.Equal(("samples", 200), (written.Tag, written.Step));
        var image = written.Image!.Value;
        Assert.Equal((20, 30, 4), (image.Height, image.Width, image.Colorspace));
        Assert.Equal(png, image.Encoded);
    }

    [Fact]
    public void Null_is_refused_by_the_argument_s_name()
    {
        using var log = new TensorBoardLog(folder.Path);
        Assert.Throws<ArgumentNullException>("tag", () => log.Scalar(null!, 1, 1));
        Assert.Throws<ArgumentNullException>("png", () => log.Image("a", null!, 1));
        Assert.Throws<ArgumentNullException>("text", () => log.Text("a", null!, 1));
    }

    [Fact]
    public void What_is_no_picture_is_refused_and_nothing_written()
    {
        using var log = new TensorBoardLog(folder.Path);
        Assert.Throws<ArgumentException>(() => log.Image("samples", [1, 2, 3], 1));
        Assert.Equal(2, ReadOnly().Count);
    }

    [Fact]
    public void A_run_taken_up_again_writes_a_file_that_sorts_behind_and_takes_back_later_steps()
    {
        var clock = new StoppedClock(1_700_000_000);
        for (var start = 0; start <= 20; start += 10)
        {
            using var log = new TensorBoardLog(folder.Path, continueAfter: start, clock);
            log.Scalar("loss", start, start + 1);
        }
        var files = Directory.GetFiles(folder.Path).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal([1, 11, 21], files.Select(file => TensorBoardReader.Read(file).Single(entry => entry.SessionStatus is not null).Step));
        Assert.Equal([0f, 10f, 20f], files.Select(file => TensorBoardReader.Read(file)[^1].Scalar));
        Assert.All(files, file => Assert.Matches(@"^events\.out\.tfevents\.[0-9]{10}\.", Path.GetFileName(file)));
    }

    private List<TensorBoardReader.Event> ReadOnly() => TensorBoardReader.Read(Assert.Single(Directory.GetFiles(folder.Path)));

    private sealed class StoppedClock(double unixSeconds) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(unixSeconds);
    }
}
