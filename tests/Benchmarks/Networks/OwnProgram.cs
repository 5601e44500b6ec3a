using System.Diagnostics;

namespace UNetGen.Benchmarks.Networks;

/// <summary>This program, to be started once more.</summary>
internal static class OwnProgram
{
    public static ProcessStartInfo With(IEnumerable<string> arguments)
    {
        var program = Environment.ProcessPath!;
        string[] assembly = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(OwnProgram).Assembly.Location] : [];
        return new(program, [.. assembly, .. arguments]);
    }
}
