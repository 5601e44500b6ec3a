using UNetGen.Runtime.Tests.Native;

namespace UNetGen.Runtime.Tests.Formats;

public sealed class NoReflectionTests
{
    [Fact]
    public async Task Training_saving_resuming_opening_drawing_and_exchanging_need_no_reflection_for_JSON()
    {
        using var folder = new TemporaryFolder();

        var (code, output) = await TorchProcess.Run(["no-reflection", folder.Path]);

        var lines = output.ReplaceLineEndings("\n").Split('\n');
        Assert.True(code == 0, output);
        Assert.Equal("reflection: False", lines[0]);
        Assert.EndsWith(
            "can't go on exactly with other options: `LearningRate` was 0.0001 and is 0.5. Put them back, or begin a new training.",
            lines[1]);
        Assert.Equal(["step 4, 4 lines, 1 start", "drawn: 1", "drawn: 1", "TwoConvNet"], lines[2..6]);
        Assert.Contains("_class_name: 3: it should be a text, such as \"UNet2DModel\"", output);
        Assert.Contains("block_out_channels: [null]: it should be a list of whole numbers, such as [224,448,672,896]", output);
    }
}
