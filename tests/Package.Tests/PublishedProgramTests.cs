using System.Text.Json.Nodes;
using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>What the package UNetGen.Cli makes of a program that is built with it.</summary>
[Collection(nameof(PackedTree))]
public sealed class PublishedProgramTests(PackedTree packages)
{
    [Theory]
    [InlineData("PublishTrimmed")]
    [InlineData("PublishAot")]
    public void What_takes_its_networks_away_is_an_error_that_names_the_property(string property)
    {
        var project = Program();

        // Before anything is compiled, for which packages would be needed that not everybody has.
        var result = project.TryBuild("-t:PrepareForPublish", $"-p:{property}=true");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("error UNG0109: A program of UNetGen.Cli finds and compiles its networks while it runs", result.Output);
        Assert.Contains($"publish it with -p:{property}=false", result.Output);
    }

    [Theory]
    [InlineData(null, "false")]
    [InlineData("-p:TieredPGO=true", "true")]
    public void It_isnt_watched_to_be_compiled_better_later_unless_it_says_so(string? said, string expected)
    {
        var result = Program().TryBuild("-getItem:RuntimeHostConfigurationOption", said ?? "-p:Nothing=said");

        Assert.Equal(0, result.ExitCode);
        var option = JsonNode.Parse(result.Output)!["Items"]!["RuntimeHostConfigurationOption"]!.AsArray()
            .Single(item => (string)item!["Identity"]! == "System.Runtime.TieredPGO")!;
        Assert.Equal(expected, (string)option["Value"]!);
    }

    private ConsumerProject Program()
    {
        var project = new ConsumerProject(packages.NewFolder("Program"), packages);
        project.Write("Program.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>
              <ItemGroup>{project.Reference("UNetGen.Cli")}</ItemGroup>
            </Project>
            """);
        project.Restore();
        return project;
    }
}
