using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>A program of UNetGen.Cli that would be published without its networks isn't published.</summary>
[Collection(nameof(PackedTree))]
public sealed class PublishedProgramTests(PackedTree packages)
{
    [Theory]
    [InlineData("PublishTrimmed")]
    [InlineData("PublishAot")]
    public void What_takes_its_networks_away_is_an_error_that_names_the_property(string property)
    {
        var project = new ConsumerProject(packages.NewFolder("Program"), packages);
        project.Write("Program.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>
              <ItemGroup>{project.Reference("UNetGen.Cli")}</ItemGroup>
            </Project>
            """);
        project.Restore();

        // Before anything is compiled, for which packages would be needed that not everybody has.
        var result = project.TryBuild("-t:PrepareForPublish", $"-p:{property}=true");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("error UNG0109: A program of UNetGen.Cli finds and compiles its networks while it runs", result.Output);
        Assert.Contains($"publish it with -p:{property}=false", result.Output);
    }
}
