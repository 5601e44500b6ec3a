using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>What <c>dotnet new unetgen</c> makes.</summary>
[Collection(nameof(PackedTree))]
public sealed class TemplateTests(PackedTree packages)
{
    // No identifier of C#.
    private const string Name = "my-birds";

    [Fact]
    public void The_project_passes_its_test_fails_it_after_an_edit_passes_it_when_that_is_accepted_and_trains()
    {
        var parent = new ConsumerProject(packages.NewFolder("Made"), packages);
        string package = Path.Combine(packages.Packages, $"UNetGen.Templates.{packages.Version}.nupkg"), made = parent.PathOf(Name);
        New("install", package);
        New("unetgen", "-n", Name);
        // The template's own version, which isn't that of the tree here.
        Assert.Contains($"""<PackageReference Include="UNetGen.Cli" Version="{packages.Version}" />""", File.ReadAllText(
            Path.Combine(made, $"{Name}.csproj")));

        Assert.Contains("Passed!  - Failed:     0, Passed:     1", Dotnet.Succeed(made, "test"));

        parent.Edit($"{Name}/tiny.unet.yaml", "dim: 32", "dim: 16");
        var failing = Dotnet.Run(made, "test", "--no-build");
        Assert.Equal(1, failing.ExitCode);
        Assert.Contains("tiny.unet.yaml is another network than the one that was accepted.", failing.Output);
        Assert.Contains("mv tiny.received.cs tiny.verified.cs", failing.Output);

        File.Move(Path.Combine(made, "tiny.received.cs"), Path.Combine(made, "tiny.verified.cs"), overwrite: true);
        Assert.Contains("Passed!  - Failed:     0, Passed:     1", Dotnet.Succeed(made, "test", "--no-build"));

        string trained = Dotnet.Succeed(made, "run", "--", "--steps", "2", "--count", "1", "--out", "run");
        Assert.StartsWith("TinyUNet (406,403 parameters", trained);
        Assert.True(File.Exists(Path.Combine(made, "run/samples.png")));

        // Where templates are kept: not among the user's own.
        void New(params string[] arguments) => Assert.Equal(
            0, Dotnet.RunProgram("dotnet", parent.Folder, [("DOTNET_CLI_HOME", parent.PathOf("home"))], ["new", .. arguments]).ExitCode);
    }
}
