using UNetGen.Package.Tests.Harness;

namespace UNetGen.Examples.Tests;

/// <summary>What docs/deploy.md shows, done as it says: a project that references ONNX Runtime, neither UNetGen nor libtorch.</summary>
public sealed class DeployPageTests(TrainedDigits digits) : IClassFixture<TrainedDigits>
{
    private const int Side = TrainedDigits.Side, Seed = 3;

    // The page's own noise is of .NET's Random, and what sample begins with is in this repository.
    private const string Noise = "var inputs = new Dictionary";

    private readonly ExampleProgram program = digits.Program;

    [Fact]
    public void The_console_program_of_the_page_draws_the_digits_that_sample_draws()
    {
        var folder = Directory.CreateDirectory(program.File("Drawing")).FullName;
        var files = PageFiles.Of(File.ReadAllText(Path.Combine(ExampleProgram.Root, "docs/deploy.md")));
        Assert.Equal(["Drawing.csproj", "Program.cs"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Single(files["Drawing.csproj"].Split('\n'), line => line.Contains("PackageReference", StringComparison.Ordinal));
        Assert.Contains(Noise, files["Program.cs"]);
        files["Program.cs"] = files["Program.cs"].Replace(Noise, $$"""
            for (int image = 0; image < labels.Length; image++)
                Deploy.ImageNoise.Fill({{Seed}}, image, noise.AsSpan(image * {{Side * Side}}, {{Side * Side}}));
            {{Noise}}
            """, StringComparison.Ordinal);
        files["ImageNoise.cs"] = File.ReadAllText(Path.Combine(ExampleProgram.Root, "tests/Onnx.Tests/Deploy/ImageNoise.cs"));
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(folder, name), text);

        program.Succeed(
            "export", "--checkpoint", "run", "--format", "onnx", "--with-sampler", "dpm++", "--steps", "8", "--out", "Drawing/digits.onnx");
        program.Succeed(
            "sample", "--checkpoint", "run", "--sampler", "dpm++", "--steps", "8", "--labels", "4,0,2", "--guidance", "1.5", "--count", "3",
            "--seed", $"{Seed}", "--out", "sampled");
        Dotnet.Succeed(folder, "run", "-c", "Release", "-p:TreatWarningsAsErrors=true", "--", "digits.onnx", "4,0,2", "1.5");

        var header = "P5 28 84 255\n"u8.ToArray();
        var drawn = File.ReadAllBytes(Path.Combine(folder, "picture.pgm"));
        Assert.Equal(header, drawn[..header.Length]);
        var sampled = digits.Pictures("sampled", 3);
        Assert.True(sampled.Distinct().Count() > 64, "The pictures have hardly any shades, which proves nothing.");
        Assert.Equal(sampled.Length, drawn.Length - header.Length);
        Assert.All(sampled.Zip(drawn[header.Length..]), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.Combine(folder, "bin"), "*", SearchOption.AllDirectories).Select(Path.GetFileName),
            file => file!.Contains("torch", StringComparison.OrdinalIgnoreCase) || file.StartsWith("UNetGen", StringComparison.Ordinal));
    }
}
