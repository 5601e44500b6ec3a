// DataSnapshots.cs
using UNetGen.Compiler;

public sealed class DataSnapshots
{
    [Theory]
    [InlineData("faces")]
    public void What_the_network_is_and_what_its_checkpoints_hold(string name)
    {
        var info = SpecCompiler.Describe($"{name}.unet.yaml").Info;
        File.WriteAllText($"{name}.received.txt", info.Spec + "\n" + string.Join("\n", info.StateDict) + "\n");

        Assert.Equal(File.ReadAllText($"{name}.verified.txt"), File.ReadAllText($"{name}.received.txt"), ignoreLineEndingDifferences: true);
    }
}
