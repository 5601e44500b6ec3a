using System.Text;
using UNetGen.Files;

namespace UNetGen.Cli;

/// <summary>The program's output, whose errors say that it is the output that can't be written: the file it goes to, a full disk.</summary>
/// <param name="output">Where it goes.</param>
internal sealed class CheckedOutput(TextWriter output) : TextWriter
{
    public override Encoding Encoding => output.Encoding;

    public override void Write(char value) => Checked(() => output.Write(value));

    public override void Write(string? value) => Checked(() => output.Write(value));

    public override void Flush() => Checked(output.Flush);

    private static void Checked(Action write)
    {
        try
        {
            write();
        }
        catch (UnauthorizedAccessException error)
        {
            // Of what is closed (`>&-`) the system's word names no path.
            throw new UNetGenException(
                "The program's output can't be written to where it goes: it is closed, or not to be written.", error);
        }
        catch (Exception error) when (WriteFault.Of(error) is { } fault)
        {
            throw new UNetGenException($"The program's output can't be written to where it goes: {fault}.", error);
        }
    }
}
