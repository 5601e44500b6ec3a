using UNetGen.Files;

namespace UNetGen.Runtime.Tests.Files;

/// <summary>What isn't there is told from what can't be reached.</summary>
public sealed class PresenceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void What_is_there_is_told_by_its_kind()
    {
        var file = folder.Write("file", []);
        Assert.Equal((true, false, true), (Presence.OfFile(file), Presence.OfFolder(file), Presence.Of(file)));
        Assert.Equal((false, true, true), (Presence.OfFile(folder.Path), Presence.OfFolder(folder.Path), Presence.Of(folder.Path)));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("nothing/below")]
    [InlineData("file/below")]
    [InlineData("no\0path")]
    public void What_isn_t_there_is_nothing(string name)
    {
        folder.Write("file", []);
        var path = $"{folder.Path}/{name}";
        Assert.Equal((false, false, false), (Presence.OfFile(path), Presence.OfFolder(path), Presence.Of(path)));
        Assert.False(Presence.Of(""));
    }

    // Root is let in everywhere, but not through a link that leads to itself.
    [LinuxFact]
    public void What_can_t_be_reached_is_no_answer()
    {
        File.CreateSymbolicLink(folder.File("loop"), folder.File("loop"));
        var path = folder.File("loop/below");
        foreach (var find in (Func<string, bool>[])[Presence.OfFile, Presence.OfFolder, Presence.Of])
            Assert.Contains(path, Assert.Throws<IOException>(() => find(path)).Message);
        Assert.Throws<PathTooLongException>(() => Presence.OfFile(folder.File(new string('x', 5000))));
    }
}
