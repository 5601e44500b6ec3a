using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using UNetGen.Networks;
using UNetGen.Tests;

namespace UNetGen.Runtime.Tests;

/// <summary>The runtime's folders use one another in one direction, whatever calls what.</summary>
public sealed partial class FolderTests
{
    private static readonly FolderGraph Runtime = FolderGraph.Of(typeof(NoisePredictor).Assembly, "UNetGen");

    [Fact]
    public void No_folder_of_the_runtime_looks_back() => Assert.Empty(Runtime.Circles());

    /// <summary>ARCHITECTURE.md lists the folders so that each uses only those above it.</summary>
    [Fact]
    public void The_page_lists_the_folders_in_the_order_in_which_they_use_one_another()
    {
        var page = File.ReadAllText(Path.Combine(Root(), "ARCHITECTURE.md"));
        var table = page[page.IndexOf("## The runtime", StringComparison.Ordinal)..page.IndexOf("## Blocks say", StringComparison.Ordinal)];
        string[] folders = [.. FolderOfARow().Matches(table).Select(match => $"UNetGen.{match.Groups[1].Value}")];

        var there = Directory.GetDirectories(Path.Combine(Root(), "src/Runtime")).Select(Path.GetFileName).Where(name => char.IsUpper(name![0]));
        Assert.Equal(there.Select(name => $"UNetGen.{name}").Order(), folders.Order());
        var back = from user in Enumerable.Range(0, folders.Length)
                   from below in Enumerable.Range(user + 1, folders.Length - user - 1)
                   where Runtime.Uses(folders[user], folders[below])
                   select $"{folders[user]} uses {folders[below]}";
        Assert.Empty(back);
    }

    [Theory]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends")]
    [InlineData("UNetGen.Networks", "UNetGen.Blocks")]
    [InlineData("UNetGen.Sampling", "UNetGen.Networks")]
    [InlineData("UNetGen.Training", "UNetGen.Networks")]
    public void Each_stage_builds_on_the_one_before(string stage, string before) => Assert.True(Runtime.Uses(stage, before));

    [Theory]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends.Simd")]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends.Memory")]
    [InlineData("UNetGen.Blocks", "UNetGen.Backends.Winograd")]
    [InlineData("UNetGen.Sampling", "UNetGen.Training")]
    public void Blocks_know_no_kernel_and_samplers_no_trainer(string stage, string other) => Assert.False(Runtime.Uses(stage, other));

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));

    [GeneratedRegex(@"^\| `(\w+)/` \|", RegexOptions.Multiline)]
    private static partial Regex FolderOfARow();
}
