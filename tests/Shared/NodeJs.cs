using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace UNetGen.Tests;

/// <summary>Runs scripts outside a browser, in Node.js.</summary>
internal static class NodeJs
{
    /// <summary>Why nothing can be run here, or null where that is possible.</summary>
    public static readonly string? Missing = FindMissing();

    /// <summary>What a module writes to its standard output.</summary>
    /// <param name="module">Its text; it imports nothing of its own folder, as it has none.</param>
    public static string Run(string module) => Run(["--input-type=module"], module);

    /// <summary>The same of a script.</summary>
    /// <param name="script">Its path.</param>
    /// <param name="input">What it reads from its standard input.</param>
    public static string RunScript(string script, string input) => Run([script], input);

    private static string Run(string[] arguments, string input)
    {
        var start = new ProcessStartInfo("node", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var node = Process.Start(start)!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        node.StandardInput.Write(input);
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
