using System.Diagnostics;
using UNetGen.Logging;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Logging;

public sealed class RunStartTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string StartsPath => folder.File("starts.jsonl");

    [Fact]
    public void Starts_are_read_in_the_order_in_which_they_were_added()
    {
        var (first, second) = (RunStart.Now(CPU), RunStart.Now(CPU, afterStep: 500));
        first.AppendTo(StartsPath);
        second.AppendTo(StartsPath);
        Assert.Equal([first, second], RunStart.Read(StartsPath));
    }

    [LinuxFact]
    public void A_copy_that_shares_the_file_itself_isn_t_added_to()
    {
        var (first, second) = (RunStart.Now(CPU), RunStart.Now(CPU, afterStep: 500));
        first.AppendTo(StartsPath);
        var copy = folder.File("copy.jsonl");
        using (var link = Process.Start("ln", [StartsPath, copy]))
            link.WaitForExit();
        second.AppendTo(copy);
        Assert.Equal([first], RunStart.Read(StartsPath));
        Assert.Equal([first, second], RunStart.Read(copy));
    }

    [Fact]
    public void A_start_says_what_ran_where()
    {
        var start = RunStart.Now(CPU);
        Assert.Equal(("cpu", get_num_threads(), Environment.MachineName), (start.Device, start.Threads, start.Machine));
        Assert.All([start.OperatingSystem, start.Processor, start.Dotnet, start.Torchsharp, start.Unetgen], Assert.NotEmpty);
        Assert.StartsWith("0.107", start.Torchsharp);
    }

    [Fact]
    public void A_line_that_was_cut_off_is_left_out_and_the_next_stands_on_its_own()
    {
        var start = RunStart.Now(CPU);
        start.AppendTo(StartsPath);
        var line = File.ReadAllText(StartsPath);
        File.AppendAllText(StartsPath, line[..20]);
        Assert.Equal([start], RunStart.Read(StartsPath));
        start.AppendTo(StartsPath);
        Assert.Equal([start, start], RunStart.Read(StartsPath));
    }

    [Fact]
    public void Lines_that_are_none_are_told_with_the_first()
    {
        var told = new List<string>();
        var start = RunStart.Now(CPU);
        start.AppendTo(StartsPath);
        Assert.Equal([start], RunStart.Read(StartsPath, told.Add));
        Assert.Empty(told);

        File.AppendAllText(StartsPath, "null\n\n{}\n");
        Assert.Equal([start], RunStart.Read(StartsPath, told.Add));
        File.WriteAllText(StartsPath, "{\"date\":");
        Assert.Empty(RunStart.Read(StartsPath, told.Add));
        Assert.Equal(
            [
                $"{StartsPath}: 2 lines can't be read and are left out; the first is line 2.",
                $"{StartsPath}: 1 line can't be read and is left out; the first is line 1."],
            told);
    }
}
