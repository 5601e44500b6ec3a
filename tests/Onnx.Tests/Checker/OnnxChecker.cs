using System.Diagnostics;

namespace UNetGen.Onnx.Tests.Checker;

/// <summary>ONNX's own checker, of Debian's python3-onnx: operators, their types and, strictly, all shapes.</summary>
internal static class OnnxChecker
{
    private const string Python = "/usr/bin/python3";

    private const string Program = """
        import os, sys, onnx, onnx.shape_inference
        for path in sys.stdin.read().splitlines():
            try:
                onnx.checker.check_model(path)
                inferred = path + '.inferred'
                onnx.shape_inference.infer_shapes_path(path, inferred, check_type=True, strict_mode=True, data_prop=True)
                os.remove(inferred)
            except Exception as error:
                print(os.path.basename(path) + ': ' + ' '.join(str(error).split()))
        """;

    /// <summary>Why it can't be asked; null where it can.</summary>
    public static string? Missing { get; } =
        File.Exists(Python) && Run("-c", "import onnx, sys; sys.exit(onnx.defs.onnx_opset_version() < 17)").ExitCode == 0
            ? null
            : $"{Python} has no ONNX of opset 17 or newer (Debian: python3-onnx).";

    /// <summary>What it says against files; nothing where they are right.</summary>
    public static IReadOnlyList<string> Complaints(IEnumerable<string> paths)
    {
        var (exitCode, output) = Run("-c", Program, string.Join('\n', paths));
        Assert.True(exitCode == 0, output);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static (int ExitCode, string Output) Run(string option, string program, string input = "")
    {
        var start = new ProcessStartInfo(Python, ["-B", option, program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return (process.ExitCode, output.Result + errors.Result);
    }
}
