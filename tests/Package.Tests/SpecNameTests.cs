using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>What a build says where nothing becomes a class: specs of other names, none at all, projects of other languages.</summary>
[Collection(nameof(PackedTree))]
public sealed class SpecNameTests(PackedTree packages)
{
    private const string Spec = "preset: lucidrains\nimage_size: 16\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2, 2]\n";
    private const string Nothing = "warning UNG0106: This project references UNetGen and has no spec, so nothing becomes a class. ";
    private const string NoSpec = Nothing + "A spec is a file of the project whose name ends in .unet.yaml, as tiny.unet.yaml.";

    [Fact]
    public void A_project_without_specs_is_told_how_they_are_called_until_it_has_one()
    {
        var project = NewProject("Nets.csproj", "<OutputType>Exe</OutputType><UNetGenAccessibility>internal</UNetGenAccessibility>");
        project.Write("Program.cs", "System.Console.WriteLine(typeof(Nets.TinyUNet).IsNotPublic);");
        Assert.Contains(NoSpec + " [", Checked(project));
        project.Write("specs/tiny.yaml", Spec);
        Assert.Contains(NoSpec + " Rename what is one of specs/tiny.yaml. [", Checked(project).Replace('\\', '/'));

        File.Move(project.PathOf("specs/tiny.yaml"), project.PathOf("specs/tiny.UNET.yml"));
        string output = project.TryBuild().Output;
        Assert.Contains($"{project.PathOf("specs/tiny.UNET.yml")} : warning UNG0105: The name of a spec ends in .unet.yaml, so this file "
            + "is not read: rename it to tiny.UNET.yaml.", output);
        Assert.DoesNotContain("UNG0106", output);
        Assert.Contains("error CS", output); // and what follows from it

        File.Move(project.PathOf("specs/tiny.UNET.yml"), project.PathOf("specs/tiny.unet.yaml"));
        project.Write("compose.yaml", "services: {}");
        Assert.Contains("0 Warning(s)", project.TryBuild().Output);
        Assert.Equal("True", project.Run());
    }

    [Theory]
    [InlineData("EnableDefaultItems", "false")]
    [InlineData("EnableDefaultUNetItems", "False")]
    public void A_project_that_lists_its_specs_itself_is_told_the_line_that_is_missing(string property, string value)
    {
        string Said(string file) => $"{property} is false, so no spec is taken that isn't listed: add to the project "
            + $"<AdditionalFiles Include=\"{file}\" />. [";
        var project = NewProject("Nets.csproj", $"<{property}>{value}</{property}>");
        project.Write("tiny.yaml", Spec);
        Assert.Contains($"{NoSpec} Rename what is one of tiny.yaml. {Said("NAME.unet.yaml")}", Checked(project));

        File.Move(project.PathOf("tiny.yaml"), project.PathOf("tiny.unet.yaml"));
        Assert.Contains(Nothing + Said("tiny.unet.yaml"), Checked(project));

        project.Edit("Nets.csproj", "<ItemGroup>", """<ItemGroup><AdditionalFiles Include="tiny.unet.yaml" />""");
        Assert.Contains("0 Warning(s)", Checked(project));
    }

    [Fact]
    public void A_misnamed_spec_of_a_project_that_lists_its_specs_itself_is_told_with_the_line_that_it_needs()
    {
        const string said = "EnableDefaultUNetItems is false, so no spec is taken that isn't listed: its line in the project is then "
            + "<AdditionalFiles Include=\"{0}tiny.unet.yaml\" />. [";
        var project = NewProject("Nets.csproj", "<EnableDefaultUNetItems>false</EnableDefaultUNetItems>");
        project.Write("tiny.unet.yml", Spec);
        string unlisted = Checked(project);
        Assert.Contains($"rename it to tiny.unet.yaml. {string.Format(said, "")}", unlisted);

        project.Edit("Nets.csproj", "<ItemGroup>", """<ItemGroup><AdditionalFiles Include="tiny.unet.yml" />""");
        Assert.Equal(unlisted.Split('\n').Count(IsTold), Checked(project).Split('\n').Count(IsTold));

        project.Write("../shared/tiny.Unet.YML", Spec);
        project.Edit("Nets.csproj", "\"tiny.unet.yml\"", "\"../shared/tiny.Unet.YML\"");
        Assert.Contains(
            string.Format(said, "../shared/").Replace("tiny.unet", "tiny.Unet", StringComparison.Ordinal), Checked(project).Replace('\\', '/'));

        static bool IsTold(string line) => line.Contains("UNG0105", StringComparison.Ordinal);
    }

    [Fact]
    public void A_project_that_takes_its_specs_out_is_told_of_that()
    {
        var project = NewProject("Nets.csproj");
        project.Write("tiny.unet.yaml", Spec);
        project.Edit("Nets.csproj", "<ItemGroup>", """<ItemGroup><AdditionalFiles Remove="*.unet.yaml" />""");
        Assert.Contains(
            Nothing + "The project takes tiny.unet.yaml out of its AdditionalFiles: take that Remove away. [", Checked(project));
    }

    [Theory]
    [InlineData("Nets.vbproj", "VB")]
    [InlineData("Nets.fsproj", "F#")]
    public void A_project_of_another_language_is_told_that_specs_become_CSharp(string file, string language)
    {
        var project = NewProject(file);
        project.Write("tiny.unet.yaml", Spec);

        var result = project.TryBuild();

        Assert.Equal(1, result.ExitCode);
        string error = Assert.Single(result.Output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).Distinct());
        Assert.Contains($"error UNG0107: UNetGen writes C#, and this is a project of {language}. Put the specs and ", error);
    }

    [Fact]
    public void A_program_of_other_specs_than_its_own_is_told_of_misnamed_ones_alone()
    {
        var project = NewProject("Nets.csproj", package: "UNetGen.Cli");
        project.Write("compose.yaml", "services: {}");
        Assert.DoesNotContain("warning", Checked(project));

        project.Write("tiny.unet.yml", Spec);
        Assert.Contains("warning UNG0105: ", Checked(project));
    }

    [Fact]
    public void A_program_that_lists_its_specs_itself_is_told_of_one_that_it_leaves_out()
    {
        var project = NewProject("Nets.csproj", "<EnableDefaultItems>false</EnableDefaultItems>", "UNetGen.Cli");
        Assert.DoesNotContain("warning", Checked(project));

        project.Write("tiny.unet.yaml", Spec);
        Assert.Contains(
            "warning UNG0106: This project references UNetGen.Cli and has no spec, so nothing becomes a class. EnableDefaultItems is "
            + "false, so no spec is taken that isn't listed: add to the project <AdditionalFiles Include=\"tiny.unet.yaml\" />. [",
            Checked(project));
    }

    [Fact]
    public void An_accessibility_that_CSharp_does_not_have_for_classes_is_an_error()
    {
        var project = NewProject("Nets.csproj", "<UNetGenAccessibility>private</UNetGenAccessibility>");
        Assert.Contains("error UNG0108: UNetGenAccessibility is 'private': it must be public or internal.", Checked(project));
    }

    [Theory]
    [InlineData("UNetGenReportSizes", "tru")]
    [InlineData("EnableDefaultUNetItems", "none")]
    public void A_property_that_is_neither_true_nor_false_is_an_error_and_words_of_MSBuild_s_are_none(string property, string value)
    {
        var project = NewProject("Nets.csproj", $"<{property}>{value}</{property}>");
        project.Write("tiny.unet.yaml", Spec);
        Assert.Contains($"error UNG0108: {property} is '{value}': it must be true or false.", Checked(project));

        foreach (string word in (string[])["yes", "True", "on"])
            Assert.DoesNotContain("UNG0108", project.TryBuild("-t:CheckUNetGenSpecs", $"-p:{property}={word}").Output);
    }

    /// <summary>What a build says before it compiles.</summary>
    private static string Checked(ConsumerProject project) => project.TryBuild("-t:CheckUNetGenSpecs").Output;

    private ConsumerProject NewProject(string file, string properties = "", string package = "UNetGen")
    {
        var project = new ConsumerProject(packages.NewFolder("Nets"), packages);
        project.Write(file, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework>{properties}</PropertyGroup>
              <ItemGroup>{project.Reference(package)}</ItemGroup>
            </Project>
            """);
        project.Restore();
        return project;
    }
}
