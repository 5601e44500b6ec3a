using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace UNetGen.Runtime.Tests;

/// <summary>Runs scripts outside a browser, in Node.js.</summary>
internal static class NodeJs
{
    /// <summary>Why nothing can be run here, or null where that is possible.</summary>
    public static readonly string? Missing = FindMissing();

    /// <summary>What a module writes to its standard output.</summary>
    /// <param name="module">Its text; it imports nothing of its own folder, as it has none.</param>
    public static string Run(string module)
    {
        var start = new ProcessStartInfo("node", ["--input-type=module"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var node = Process.Start(start)!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        node.StandardInput.Write(module);
        node.StandardInput.Close();
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, errors.Result);
        return output.Result;
    }

    private static string? FindMissing()
    {
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", ["--version"]) { RedirectStandardOutput = true })!;
            node.WaitForExit();
            return null;
        }
        catch (Win32Exception)
        {
            return "There is no Node.js here.";
        }
    }
}

/// <summary>A theory about a script, skipped where there is nothing to run it.</summary>
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute() => Skip = NodeJs.Missing;
}
