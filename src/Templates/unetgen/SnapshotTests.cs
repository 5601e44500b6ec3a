using System.Runtime.CompilerServices;
using UNetGen.Compiler;

/// <summary>
/// What a spec means is what somebody has looked at: a test fails where an edit, or a new version of UNetGen, changes that.
/// </summary>
public sealed class SnapshotTests
{
    [Theory]
    [InlineData("tiny")]
    public void The_generated_class_is_the_one_that_was_accepted(string name)
    {
        string accepted = File.ReadAllText(Beside($"{name}.verified.cs")).ReplaceLineEndings("\n");
        string received = SpecCompiler.Generate(Beside($"{name}.unet.yaml")).Source;
        File.WriteAllText(Beside($"{name}.received.cs"), received);

        Assert.True(accepted == received, $"""
            {name}.unet.yaml is another network than the one that was accepted.
            To see what differs: git diff --no-index {name}.verified.cs {name}.received.cs
            To accept it:        mv {name}.received.cs {name}.verified.cs
            """);
        File.Delete(Beside($"{name}.received.cs"));
    }

    private static string Beside(string file, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, file);
}
