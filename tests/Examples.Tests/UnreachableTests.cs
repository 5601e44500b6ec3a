using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>What can't be reached for lack of a permission is told as that, and not as something that isn't there.</summary>
public sealed class UnreachableTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public void Dispose()
    {
        foreach (var folder in Directory.GetDirectories(program.Folder))
            SetMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        program.Dispose();
    }

    [LinuxFact]
    public void What_lies_in_a_folder_that_may_not_be_entered_is_never_said_not_to_be_there()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--device", "cpu", "--out",
            "run");
        program.Succeed("sample", "--checkpoint", "run", "--steps", "1", "--count", "2", "--out", "drawn");
        File.WriteAllText(program.File("mine.yaml"), "steps: 1\ncondition: locked/data\n");
        File.WriteAllText(program.File("builds.unet.yaml"), "extends: locked/tiny.unet.yaml\n");
        File.WriteAllText(
            program.File("blurred.unet.yaml"),
            "preset: lucidrains\nimage_size: 8\nchannels: 3\ncondition_channels: 3\ndim: 8\nchannel_multipliers: [1, 2]\nattention: none\n");
        Directory.CreateDirectory(program.File("closed"));
        Lock("closed");
        Directory.CreateDirectory(program.File("locked"));
        Lock("locked");
        string[] commands =
        [
            "train --resume closed", "train --resume locked/run", "train --spec locked/tiny.unet.yaml", "train --data locked/data",
            "train --spec blurred.unet.yaml --data drawn --condition locked/data", "train --init-from locked/run", "train --run mine.yaml",
            "evaluate --samples closed --data shapes --features c.pt", "evaluate --samples locked/drawn --data shapes --features c.pt",
            "evaluate --samples drawn --data shapes --features locked/c.pt",
            "evaluate --samples drawn --data shapes --features locked/c.safetensors",
            "classifier --data locked/data --spec shapes --out c.safetensors",
            "import closed", "import locked/unet", "report locked/run",
            "sample --checkpoint locked/run", "sample --checkpoint locked/run/checkpoints/step-00000001/ema.safetensors",
            "sample --checkpoint run --steps 1 --from locked/1.png", "export --checkpoint locked/run --format safetensors --out x.safetensors",
            "explain locked/tiny.unet.yaml", "generate locked/tiny.unet.yaml", "generate locked/tiny", "check locked/tiny.unet.yaml",
            "explain builds.unet.yaml", "diff locked/ema.safetensors run", "diff run locked/tiny.unet.yaml",
        ];

        Assert.All(commands, command =>
        {
            var error = ExampleProgram.ErrorOf(1, program.RunBy(ExampleProgram.WithoutRights, command.Split(' ')));
            Assert.Contains("Access to the path '", error);
            Assert.Contains("' is denied", error);
            Assert.DoesNotContain("There is no", error);
            Assert.DoesNotContain("..", error);
        });
    }

    [LinuxFact]
    public void A_picture_that_may_not_be_read_is_told_in_a_sentence_with_one_end()
    {
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--device", "cpu", "--out",
            "run");
        program.Succeed("sample", "--checkpoint", "run", "--steps", "1", "--count", "3", "--out", "drawn");
        foreach (var name in Enumerable.Range(0, 20).Select(i => $"data/{"ab"[i % 2]}/{i}.png"))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(program.File(name))!);
            File.Copy(program.File("drawn/000000.png"), program.File(name));
        }
        program.Succeed("classifier", "--data", "data", "--spec", "shapes", "--epochs", "1", "--out", "c.safetensors");
        foreach (var file in Directory.GetFiles(program.File("data/b")).Append(program.File("drawn/000001.png")))
            SetMode(file, UnixFileMode.None);
        string[] commands =
        [
            "train --data data --steps 1 --batch-size 8", "sample --checkpoint run --steps 1 --from drawn/000001.png",
            "evaluate --samples drawn --data shapes --features c.safetensors",
        ];

        Assert.All(commands, command =>
        {
            var error = ExampleProgram.ErrorOf(1, program.RunBy(ExampleProgram.WithoutRights, command.Split(' ')));
            Assert.Contains("' is denied.", error);
            Assert.DoesNotContain("..", error);
        });
    }

    private void Lock(string name) => SetMode(program.File(name), UnixFileMode.None);

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
