using System.Diagnostics;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>
/// The compiler of the SDK that built the tests, as a process: it knows versions of C# that the tests' own, the oldest that serves,
/// doesn't.
/// </summary>
internal static class SdkCompiler
{
    private static readonly string Path = File.ReadAllText(System.IO.Path.Combine(AppContext.BaseDirectory, "compiler.txt")).Trim();

    /// <summary>As <c>-langversion</c> takes them.</summary>
    public static IReadOnlyList<string> Versions { get; } =
        [.. Run("-langversion:?").Output.Split('\n').Select(line => line.Split(' ')[0].Trim())];

    /// <summary>Fails on any error or warning.</summary>
    public static void AssertCompiles(IReadOnlyList<string> sources, string version)
    {
        var folder = Directory.CreateTempSubdirectory("unetgen-").FullName;
        try
        {
            var files = sources.Select((source, i) => System.IO.Path.Combine(folder, $"{i}.cs")).ToList();
            for (var i = 0; i < sources.Count; i++)
                File.WriteAllText(files[i], sources[i]);
            var response = System.IO.Path.Combine(folder, "arguments.rsp");
            File.WriteAllLines(response,
            [
                "-nologo -noconfig -nostdlib -target:library -nullable:enable -warnaserror -warn:9999 -nowarn:1701,1702",
                $"-langversion:{version}",
                $"-out:\"{folder}/out.dll\"", $"-doc:\"{folder}/out.xml\"",
                .. File.ReadLines(System.IO.Path.Combine(AppContext.BaseDirectory, "references.txt"))
                    .Select(reference => $"-reference:\"{reference}\""),
                .. files.Select(file => $"\"{file}\""),
            ]);
            var (code, output) = Run("-noconfig", $"@{response}");
            Assert.True(code == 0, $"C# {version}:\n{output}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (int Code, string Output) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && System.IO.Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
        };
        foreach (var argument in arguments.Prepend(Path))
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
