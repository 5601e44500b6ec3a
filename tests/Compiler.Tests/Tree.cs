using System.Reflection;
using UNetGen.Tests;

namespace UNetGen.Compiler.Tests;

/// <summary>Where these tests were built, as their project file knows it.</summary>
internal static class Tree
{
    public static string ProjectFolder { get; } = Value("ProjectFolder");

    /// <summary>What the build wrote of the generated classes.</summary>
    public static string EmittedFiles { get; } = Value("EmittedFiles");

    /// <summary>Specs of this project, as its build has them.</summary>
    public static SpecOptions Options { get; } = new() { ProjectFolder = ProjectFolder, RootNamespace = "UNetGen.Compiler.Tests" };

    /// <summary>The same with what the build finds its blocks in.</summary>
    public static SpecOptions OptionsWithBlocks { get; } = Options with { BlockAssemblies = [typeof(PlainBlock).Assembly] };

    /// <summary>Paths of this project's specs.</summary>
    public static TheoryData<string> Specs =>
        ["Specs/tiny.unet.yaml", "Specs/nested/wide.unet.yaml", "Specs/ddpm.unet.yaml", "Specs/adm.unet.yaml",
            "Specs/annotated.unet.yaml", "Specs/own_block.unet.yaml"];

    private static string Value(string name) =>
        typeof(Tree).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == name).Value!;
}
