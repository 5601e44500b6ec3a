using System.ComponentModel;
using System.Diagnostics;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Onnx;

/// <summary>A network of the bench as an ONNX file, in a folder that goes with it.</summary>
internal sealed class OnnxFile : IDisposable
{
    private const string Needs = "PyTorch writes the ONNX file with --python. "
        + "Install it (on Debian: apt-get install python3-torch python3-numpy), "
        + "and name the Python that has it, such as --python /usr/bin/python3.";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("unetgen-onnx-");

    private OnnxFile(string name, Func<string, string> write)
    {
        Path = System.IO.Path.Combine(folder.FullName, $"{name}.onnx");
        try
        {
            WrittenBy = write(Path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The project's own export of a network.</summary>
    public static OnnxFile Of(NoisePredictor network) => new(network.Info.Name, path =>
    {
        UNetGen.Onnx.OnnxExport.Save(path, network);
        return "UNetGen";
    });

    /// <summary>As PyTorch exports the network.</summary>
    /// <param name="name">The network's, under which tests/Benchmarks/pytorch/bench.py has it.</param>
    /// <param name="weights">By key, float32.</param>
    /// <param name="python">The command that starts Python.</param>
    /// <exception cref="UNetGenException">There is no such Python, it has no PyTorch, or PyTorch can't export the network.</exception>
    public static OnnxFile ByPyTorch(string name, IEnumerable<KeyValuePair<string, Tensor>> weights, string python) => new(name, path =>
    {
        var ofWeights = System.IO.Path.ChangeExtension(path, ".safetensors");
        SafetensorsFile.Write(ofWeights, weights);
        return Export(python, name, ofWeights, path);
    });

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
