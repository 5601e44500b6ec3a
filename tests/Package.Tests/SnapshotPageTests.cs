using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>
/// What docs/snapshots.md shows, done by hand as it says: a project of its own, with UNetGen.Compiler and without the generator.
/// </summary>
[Collection(nameof(PackedTree))]
public sealed class SnapshotPageTests(PackedTree packages)
{
    private const string Verify = """<PackageReference Include="Verify.Xunit" Version="30.5.0" />""";

    [Fact]
    public void Who_follows_the_page_has_a_failing_snapshot_accepts_it_and_has_a_passing_one()
    {
        var project = new ConsumerProject(packages.NewFolder("Networks.Tests"), packages);
        foreach (var (file, text) in PageFiles.Of(File.ReadAllText(Tree.PathOf("docs/snapshots.md"))))
            project.Write(file, text);
        project.Edit(
            "Networks.Tests.csproj", $"""<PackageReference Include="UNetGen.Compiler" Version="{Tree.Version}" />""",
            project.Reference("UNetGen.Compiler"));
        StandInForVerify(project);
        // Beside the page: a network without a build, up to the first tensor, of which there is no libtorch here.
        project.Write("Compiled.cs", """
            using UNetGen.Compiler;

            public sealed class Compiled
            {
                [Fact]
                public void A_text_becomes_a_network()
                {
                    using var compiled = SpecCompiler.CompileText(File.ReadAllText("faces.unet.yaml"), "faces.unet.yaml");
                    Assert.Equal("FacesUNet", compiled.Info.Name);
                    Assert.Equal(SpecCompiler.Describe("faces.unet.yaml").Info.ParameterCount, compiled.Info.ParameterCount);
                    Assert.Contains("libtorch", Assert.ThrowsAny<UNetGen.UNetGenException>(() => compiled.Create()).Message);
                }
            }
            """);

        var first = Dotnet.Run(project.Folder, "test");

        Assert.Contains("Failed!  - Failed:     2, Passed:     1", first.Output);
        Assert.Contains("Failed SourceSnapshots.The_class_of_faces", first.Output);
        Assert.Contains("Failed DataSnapshots.What_the_network_is_and_what_its_checkpoints_hold", first.Output);

        const string snapshot = "SourceSnapshots.The_class_of_faces";
        File.Move(project.PathOf($"{snapshot}.received.cs"), project.PathOf($"{snapshot}.verified.cs"));
        File.Copy(project.PathOf("bin/Debug/net10.0/faces.received.txt"), project.PathOf("faces.verified.txt"));
        Assert.Contains("Passed!  - Failed:     0, Passed:     3", Dotnet.Succeed(project.Folder, "test"));
        Assert.Contains("\n// </auto-generated>\n", project.Read($"{snapshot}.verified.cs"));
    }

    /// <summary>Verify.Xunit doesn't restore everywhere: what has its name, its files and its answers here.</summary>
    private static void StandInForVerify(ConsumerProject project)
    {
        project.Edit("Networks.Tests.csproj", Verify, """
            <PackageReference Include="DiffEngine" Version="20.9.0" />
                <PackageReference Include="DiffPlex" Version="1.9.0" />
            """);
        foreach (var file in new[] { "tests/Compiler.Tests/Verifier.cs", "tests/Generator.Tests/Harness/Snapshot.cs" })
            project.Write(Path.GetFileName(file), File.ReadAllText(Tree.PathOf(file)));
    }
}
