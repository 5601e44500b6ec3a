using UNetGen.Files;
using UNetGen.Native;

namespace UNetGen.Cli;

/// <summary>The folder in which the program was started: relative paths begin there.</summary>
internal static class CurrentFolder
{
    /// <summary>Refuses one that no path can begin in: of the paths .NET wouldn't say what is wrong.</summary>
    /// <exception cref="UNetGenException">It was deleted, or has a name that isn't UTF-8.</exception>
    public static void Require()
    {
        Libtorch.RequireCurrentFolder();
        if (FileNames.FaultOfTarget(Environment.CurrentDirectory) is { } fault)
            throw new UNetGenException($"The current folder is {Environment.CurrentDirectory}, and {fault}, or change into another one.");
    }
}
