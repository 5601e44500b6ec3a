using System.ComponentModel;
using System.Diagnostics;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Onnx;

/// <summary>A network of the bench as PyTorch exports it, in a folder that goes with it.</summary>
internal sealed class OnnxFile : IDisposable
{
    private const string Needs = "The ONNX file is written by PyTorch. "
        + "Install it (on Debian: apt-get install python3-torch python3-numpy), "
        + "and name the Python that has it with --python, such as --python /usr/bin/python3.";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("unetgen-onnx-");

    /// <summary>Writes it.</summary>
    /// <param name="name">The network's, under which tests/Benchmarks/pytorch/bench.py has it.</param>
    /// <param name="weights">By key, float32.</param>
    /// <param name="python">The command that starts Python.</param>
    /// <exception cref="UNetGenException">There is no such Python, it has no PyTorch, or PyTorch can't export the network.</exception>
    public OnnxFile(string name, IEnumerable<KeyValuePair<string, Tensor>> weights, string python)
    {
        Path = System.IO.Path.Combine(folder.FullName, $"{name}.onnx");
        try
        {
            var ofWeights = System.IO.Path.Combine(folder.FullName, $"{name}.safetensors");
            SafetensorsFile.Write(ofWeights, weights);
            WrittenBy = Export(python, name, ofWeights, Path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>The exporter, in words.</summary>
    public string WrittenBy { get; }

    public void Dispose() => folder.Delete(recursive: true);

    /// <returns>The last line that the script writes.</returns>
    private static string Export(string python, string name, string weights, string file)
    {
        var script = System.IO.Path.Combine(AppContext.BaseDirectory, "pytorch", "export.py");
        // -B: it leaves nothing beside the script.
        var start = new ProcessStartInfo(python, ["-B", script, name, weights, file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new UNetGenException($"{Needs} '{python}': {missing.Message}");
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync();
            var said = process.StandardOutput.ReadToEnd().Trim().Split('\n');
            var problem = errors.Result.Trim().Split('\n')[^1];
            process.WaitForExit();
            if (process.ExitCode == 0)
                return said[^1];
            throw new UNetGenException(problem.StartsWith("ModuleNotFoundError", StringComparison.Ordinal)
                ? $"{Needs} '{python}': {problem}"
                : $"{name}: '{python}' could not export it. {problem}");
        }
    }
}
