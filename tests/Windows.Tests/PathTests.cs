using System.Text;
using UNetGen.Windows.Tests.Harness;

namespace UNetGen.Windows.Tests;

/// <summary>Paths as Windows has them: backslashes, any letters, any length, and case that is kept but doesn't count.</summary>
public sealed class PathTests : IDisposable
{
    /// <summary>8 x 8 pixels.</summary>
    private const string Png =
        "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAbUlEQVR42g3JQQEAMAgDMSQgoRIqAQlIqAQknPQt31QVXahwMcUWKa6oarpR42aab"
        + "dJc/xAtJCxGrIg4/TBtZGzGrIk5/xh60OBhhh0y3PxYetHiZZZdstz+CB0UHCZsSLj8OPrQ4WOOPXLc8QAUAzwBRm2dsgAAAABJRU5ErkJggg==";

    private static readonly string[] Short = ["--steps", "1", "--batch-size", "2", "--count", "1", "--sample-steps", "1",
        "--sample-every", "none"];

    private readonly WindowsProgram program = new();

    public void Dispose() => program.Dispose();

    [WindowsFact]
    public void Pictures_in_folders_of_any_name_are_trained_on_and_the_run_is_found_again_by_other_ways_to_write_it()
    {
        Pictures(@"meine Bilder\Größe 🎨", @"Äpfel & Birnen", "日本");
        var output = program.Succeed(
            [
                "train", "--data", @".\meine Bilder\Größe 🎨\", "--spec", @"..\specs\shapes.unet.yaml", .. Short,
                "--out", @"Läufe\Lauf 1 🚀\"]);
        Assert.Contains("4 pictures of 2 classes in ", output);

        Directory.CreateDirectory(program.File("anderswo"));
        output = program.Succeed("train", "--resume", @"anderswo\..\LÄUFE/lauf 1 🚀", "--steps", "2");
        Assert.Contains("going on after step 1", output);
        program.Succeed("sample", "--checkpoint", @"läufe\LAUF 1 🚀", "--steps", "1", "--count", "1", "--out", "Bild 🎨.PNG");
        Assert.True(File.Exists(program.File("Bild 🎨.PNG")));
    }

    [WindowsFact]
    public void Paths_of_more_than_260_letters_are_taken_also_verbatim()
    {
        var deep = string.Join('\\', Enumerable.Repeat(new string('t', 60), 5));
        Pictures(@$"{deep}\data", "one", "two");
        // What begins so is for Windows to the letter what it is: a slash in it is one in a name.
        var verbatim = @"\\?\" + program.File(deep);

        program.Succeed(["train", "--data", @$"{verbatim}\data", .. Short, "--out", @$"{verbatim}\run"]);
        Assert.Contains("going on after step 1", program.Succeed("train", "--resume", @$"{deep}\run", "--steps", "2"));
        program.Succeed("sample", "--checkpoint", @$"{deep}\run", "--steps", "1", "--count", "2", "--out", @$"{verbatim}\drawn");
        Assert.True(File.Exists(program.File(@$"{deep}\drawn\000001.png")));
    }

    [WindowsFact]
    public void Names_that_differ_by_case_alone_are_one_file()
    {
        program.Succeed(["train", .. Short, "--spec", @"SPECS\SHAPES.unet.YAML", "--out", "run"]);
        string[] draw = ["sample", "--checkpoint", "RUN", "--steps", "1", "--count", "2", "--out"];
        program.Succeed([.. draw, "grid.png"]);
        program.Succeed([.. draw, "GRID.png", "--seed", "1"]);
        Assert.Equal("grid.png", Path.GetFileName(Assert.Single(Directory.GetFiles(program.Folder))).ToLowerInvariant());

        program.Succeed([.. draw, "folder"]);
        Assert.Contains("0 of them new", program.Succeed([.. draw, "FOLDER"]));
        Assert.Contains("isn't empty", program.Fail(1, ["train", .. Short, "--out", "Run"]));
    }

    [WindowsFact]
    public void A_run_file_is_read_as_editors_of_Windows_save_it_and_what_is_said_has_the_letters_that_were_given()
    {
        Assert.Contains("Größe 🎨", program.Succeed(["train", .. Short, "--out", "Größe 🎨"]));
        var text = File.ReadAllText(program.File(@"Größe 🎨\run.yaml"));
        File.WriteAllText(
            program.File("edited.yaml"), text.ReplaceLineEndings("\r\n"), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        program.Succeed("train", "--run", "edited.yaml", "--out", "again");
        Assert.Equal(text, File.ReadAllText(program.File(@"again\run.yaml")));
        Assert.Contains("Größe 🎨", program.Fail(1, "sample", "--checkpoint", @"Größe 🎨\no"));
    }

    /// <summary>Libtorch opens it, not .NET.</summary>
    [WindowsFact]
    public void A_feature_network_is_loaded_from_a_folder_of_any_name()
    {
        var mnist = Path.Combine(Publish.Root, @"tests\Data\mnist");
        program.Succeed(["train", .. Short, "--spec", "mnist", "--data", mnist, "--out", "run"]);
        program.Succeed("sample", "--checkpoint", "run", "--steps", "1", "--count", "2", "--out", "drawn");
        Directory.CreateDirectory(program.File("Größe 🎨"));
        File.Copy(
            Path.Combine(Publish.Root, @"tests\Runtime.Tests\Evaluation\TorchScript\mean_colour.pt"), program.File(@"Größe 🎨\mean.pt"));
        Assert.Contains(
            "Frechet distance", program.Succeed("evaluate", "--samples", "drawn", "--data", mnist, "--features", @"Größe 🎨\mean.pt"));
    }

    /// <summary>A folder of pictures with these classes.</summary>
    private void Pictures(string folder, params string[] classes)
    {
        foreach (var name in classes)
        {
            Directory.CreateDirectory(program.File(@$"{folder}\{name}"));
            foreach (var number in (int[])[1, 2])
                File.WriteAllBytes(program.File(@$"{folder}\{name}\Bild 🎨 {number}.png"), Convert.FromBase64String(Png));
        }
    }
}
