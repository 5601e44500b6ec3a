using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>What can't be written is told by its own name, with the reason and what can be done.</summary>
public sealed class UnwritableTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public UnwritableTests() => File.WriteAllText(program.File("file"), "");

    public void Dispose() => program.Dispose();

    [Fact]
    public void A_file_in_the_place_of_a_run_s_folder_is_told() =>
        Assert.Contains("The run's folder file/run can't be made: ", program.Fail(1, "train", "--steps", "1", "--out", "file/run"));

    [Fact]
    public void A_file_in_the_place_of_a_picture_s_folder_is_told()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--out", "run");
        foreach (var picture in (string[])["file/grid.png", "file/folder"])
        {
            var error = program.Fail(1, "sample", "--checkpoint", "run", "--steps", "1", "--count", "1", "--out", picture);
            Assert.Contains($"{picture}{(picture.EndsWith(".png") ? "" : "/samples.json")} can't be written: ", error);
            Assert.DoesNotContain(".tmp", error);
        }
    }

    [NamespaceFact]
    public void A_disk_that_fills_while_training_ends_the_run_with_where_and_why()
    {
        var result = program.RunBy(
            "unshare -rm sh -c 'mkdir run && mount -t tmpfs -o size=24k tmpfs run && exec \"$0\" \"$@\"'",
            "train", "--steps", "1000", "--batch-size", "1", "--count", "1", "--out", "run");

        var error = ExampleProgram.ErrorOf(1, result);
        Assert.Matches("The run in run can't go on: .*No space left on device : '.*/run/.*'. It has no checkpoint yet; once that is mended, begin it anew.", error);
    }
}
