using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using UNetGen.Native;

namespace UNetGen.Runtime.Tests.Native;

/// <summary>A program that loads libtorch, for tests to start: a process loads it only once.</summary>
internal static class TorchProcess
{
    public sealed record Result(int ExitCode, string Output);

    /// <summary><c>tensor</c>, or <c>files VERSION DIRECTORIES WRITABLE</c> (lists separated by colons).</summary>
    private static int Main(string[] args)
    {
        if (args is ["tensor"])
        {
            using var ones = torch.ones(2, 3);
            Console.WriteLine(ones.sum().item<float>());
            return 0;
        }
        try
        {
            nint library = new LibtorchFiles(args[2].Split(':'), args[3].Split(':'), args[1]).Load();
            NativeLibrary.GetExport(library, "THSTensor_ones");
            return 0;
        }
        catch (LibtorchException e)
        {
            Console.WriteLine(e.Message);
            return 1;
        }
    }

    /// <summary>Starts it.</summary>
    public static async Task<Result> Run(string[] args, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(TorchProcess).Assembly.Location, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Result(process.ExitCode, await output + await errors);
    }
}
