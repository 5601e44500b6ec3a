using System.Diagnostics;
using TorchSharp;
using UNetGen.Training;

namespace UNetGen.Onnx.Tests;

/// <summary>A program that exports a checkpoint, for tests to start: in their own process libtorch is there already.</summary>
internal static class ExportProcess
{
    private static int Main(string[] args)
    {
        if (args is ["tensor"])
            torch.ones(1).Dispose();
        else
            Console.WriteLine(OnnxExport.Save(args[1], Checkpoint.Open(args[0])).Network);
        using var process = Process.GetCurrentProcess();
        var loaded = process.Modules.Cast<ProcessModule>().Select(module => Path.GetFileName(module.FileName))
            .Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase) && name.Contains(".so", StringComparison.Ordinal));
        foreach (var name in loaded.Distinct())
            Console.WriteLine(name);
        return 0;
    }

    /// <summary>Starts it, and gives what it prints.</summary>
    public static async Task<string[]> Run(string[] args, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(ExportProcess).Assembly.Location, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await output + await errors);
        return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
