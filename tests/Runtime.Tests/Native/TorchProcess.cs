using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;
using UNetGen.Native;
using UNetGen.Runtime.Tests.Data;
using UNetGen.Runtime.Tests.Distributed;
using UNetGen.Runtime.Tests.Files;
using UNetGen.Runtime.Tests.Formats;
using UNetGen.Runtime.Tests.Training;

namespace UNetGen.Runtime.Tests.Native;

/// <summary>A program that loads libtorch, for tests to start: a process loads it only once.</summary>
internal static class TorchProcess
{
    public sealed record Result(int ExitCode, string Output);

    /// <summary>
    /// <c>tensor</c>, <c>files VERSION DIRECTORIES WRITABLE</c> (lists separated by colons), <c>save FOLDER KEEP</c>,
    /// <c>no-reflection FOLDER</c>, <c>short-of-handles FOLDER</c>, <c>lock ...</c>, or <c>rank ...</c>.
    /// </summary>
    private static int Main(string[] args)
    {
        if (args is ["tensor"])
        {
            using var ones = torch.ones(2, 3);
            Console.WriteLine(ones.sum().item<float>());
            return 0;
        }
        if (args is ["rank", .. var what])
            return RankProcess.Run(what);
        if (args is ["lock", .. var how])
            return LockingProcess.Run(how);
        if (args is ["save", var folder, var keep])
            return SavingProcess.Run(folder, int.Parse(keep, CultureInfo.InvariantCulture));
        if (args is ["no-reflection", var written])
            return NoReflectionProcess.Run(written);
        if (args is ["short-of-handles", var pictures])
            return ShortOfHandlesProcess.Run(pictures);
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

    /// <summary>Its command line.</summary>
    public static string[] Command(params string[] args) => ["dotnet", "exec", typeof(TorchProcess).Assembly.Location, .. args];

    /// <summary>Starts it.</summary>
    public static Task<Result> Run(string[] args, params (string Name, string Value)[] environment) =>
        RunCommand(Command(args), environment);

    /// <summary>Starts a command that starts it in turn, in other surroundings.</summary>
    public static async Task<Result> RunCommand(string[] command, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Result(process.ExitCode, await output + await errors);
    }
}
