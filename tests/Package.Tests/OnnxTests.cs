using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>What a user's project has of the package UNetGen.Onnx, without a libtorch.</summary>
[Collection(nameof(PackedTree))]
public sealed class OnnxTests(PackedTree packages)
{
    [Fact]
    public void A_project_with_the_two_packages_exports_a_checkpoint()
    {
        var project = new ConsumerProject(packages.NewFolder("Exporting"), packages);
        string checkpoint = packages.Quickstart.PathOf(Quickstart.FirstRun);
        project.Write(Quickstart.Spec, packages.Quickstart.Read(Quickstart.Spec));
        project.Write("Exporting.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                {project.Reference("UNetGen")}
                {project.Reference("UNetGen.Onnx")}
              </ItemGroup>
            </Project>
            """);
        project.Write("Program.cs", $$"""
            using UNetGen.Onnx;
            using UNetGen.Sampling;
            using UNetGen.Training;

            var file = OnnxExport.Save("draw.onnx", Checkpoint.Open(@"{{checkpoint}}"), new OnnxOptions { Sampler = new DdimSampler(4) });
            Console.WriteLine($"{file.Network}: {string.Join(", ", file.Inputs)} -> {file.Output}");
            """);

        project.Restore();
        string built = Dotnet.Succeed(project.Folder, "build", "--no-restore");

        Assert.DoesNotContain("warning", built.Replace("0 Warning(s)", ""));
        Assert.Equal("TinyUNet: noise float32 [batch, 3, 16, 16] -> images uint8 [batch, 16, 16, 3]", project.Run());
        // 1,412,867 weights.
        Assert.InRange(new FileInfo(project.PathOf("draw.onnx")).Length, 5_651_468, 6_500_000);
    }
}
