using Microsoft.CodeAnalysis.Diagnostics;
using UNetGen.Generator.Common;

namespace UNetGen.Generator;

/// <summary>What the generator wants to know of the project.</summary>
/// <param name="MaxParameters">The property UNetGenMaxParameters, as it is written.</param>
/// <param name="ReportsSizes">The property UNetGenReportSizes: whether it wants to be told what each network costs.</param>
/// <param name="IsInternal">Whether the property UNetGenAccessibility says internal; what it may be is the build's to judge.</param>
/// <param name="IsFileBased">Whether it is a C# file (<c>dotnet run app.cs</c>), which has no project file to list specs in.</param>
/// <param name="SpecsBeside">
/// Of a library's call, which finds what specs extend on the disk: the paths of the specs that lie beside them, a line each. Null: a build,
/// which finds what the project lists.
/// </param>
internal sealed record ProjectInfo(
    string Directory, string RootNamespace, string MaxParameters = "", bool ReportsSizes = false, bool IsInternal = false,
    bool IsFileBased = false, string? SpecsBeside = null)
{
    public static ProjectInfo Of(AnalyzerConfigOptions options)
    {
        options.TryGetValue("build_property.ProjectDir", out var directory);
        options.TryGetValue("build_property.RootNamespace", out var rootNamespace);
        options.TryGetValue("build_property.UNetGenMaxParameters", out var maxParameters);
        options.TryGetValue("build_property.UNetGenReportSizes", out var reportSizes);
        options.TryGetValue("build_property.UNetGenAccessibility", out var accessibility);
        options.TryGetValue("build_property.FileBasedProgram", out var fileBased);
        options.TryGetValue("unetgen.specs_beside", out var specsBeside);
        return new ProjectInfo(Paths.Normal(directory ?? "").TrimEnd('/'), rootNamespace ?? "", (maxParameters ?? "").Trim(),
            IsTrue(reportSizes), Is(accessibility, "internal"), IsTrue(fileBased), specsBeside);

        // As MSBuild has it, whose conditions the build judges properties by.
        static bool IsTrue(string? written) => Is(written, "true") || Is(written, "yes") || Is(written, "on");

        static bool Is(string? written, string word) => (written ?? "").Trim().Equals(word, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The path from the project's directory, fit for a comment and a message: a file's name may have a line break.</summary>
    public string Relative(string path) =>
        string.Concat(Paths.Relative(Directory, path).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? '_' : c));
}
