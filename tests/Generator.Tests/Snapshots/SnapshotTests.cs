#if !SNAPSHOTS_BY_VERIFY
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Snapshots;

/// <summary>The snapshots' own tool: what it can't see, no snapshot can.</summary>
public sealed class SnapshotTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("snapshots-").FullName;
    private readonly List<(string Received, string Verified)> shown = [];

    private string Verified => Path.Combine(folder, "CarTests.Drives#car.g.verified.cs");

    private string Received => Path.Combine(folder, "CarTests.Drives#car.g.received.cs");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_same_text_passes_and_removes_what_was_received_before()
    {
        File.WriteAllText(Verified, "a\nb\n");
        File.WriteAllText(Received, "old");
        await Match("a\nb\n");
        Assert.False(File.Exists(Received));
        Assert.Empty(shown);
    }

    /// <summary>What Verify 30.5.0's <c>Comparer.Text</c> takes for the same.</summary>
    [Theory]
    [InlineData("a\nb\n", "utf-8")]
    [InlineData("a\nb\n", "utf-16")]
    [InlineData("a\r\nb\r\n", "utf-8")]
    [InlineData("a\rb\r", "utf-8")]
    [InlineData("a\nb\n\n", "utf-8")]
    [InlineData("a\r\nb\r\n\r\n", "utf-8")]
    public async Task Other_line_ends_one_more_of_them_at_the_end_and_a_byte_order_mark_are_the_same(string verified, string encoding)
    {
        File.WriteAllText(Verified, verified, System.Text.Encoding.GetEncoding(encoding));
        await Match("a\nb\n");
        await Match("a\r\nb\r\n");
    }

    [Fact]
    public async Task Another_text_fails_shows_the_lines_and_is_written_beside()
    {
        File.WriteAllText(Verified, "1\n2\n3\n4\nold\n5\n");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => Match("1\n2\n3\n4\nnew\n5\n"));
        Assert.Contains("  3\n  4\n- old\n+ new\n  5\n", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("  2\n", failure.Message, StringComparison.Ordinal);
        Assert.Equal("1\n2\n3\n4\nnew\n5\n"u8, File.ReadAllBytes(Received));
        Assert.Equal("1\n2\n3\n4\nold\n5\n", File.ReadAllText(Verified));
        Assert.Equal((Received, Verified), Assert.Single(shown));
    }

    [Theory]
    [InlineData("a\n")]
    [InlineData("a\nb\n\n")]
    [InlineData("a\u2028b\n")]
    [InlineData("a \nb\n")]
    [InlineData("A\nb\n")]
    [InlineData("")]
    public async Task The_smallest_difference_fails(string text)
    {
        File.WriteAllText(Verified, "a\nb\n");
        await Assert.ThrowsAnyAsync<Exception>(() => Match(text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_missing_or_empty_snapshot_fails_even_for_no_text(bool empty)
    {
        if (empty)
            File.WriteAllText(Verified, "");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => Match(""));
        Assert.Contains("no CarTests.Drives#car.g.verified.cs yet", failure.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Received));
        Assert.Equal(empty, File.Exists(Verified));
    }

    private Task Match(string text) =>
        Snapshot.Matches(text, "car.g", Path.Combine(folder, "CarTests.cs"), "Drives", (received, verified) =>
    {
        shown.Add((received, verified));
        return Task.CompletedTask;
    });
}
#endif
