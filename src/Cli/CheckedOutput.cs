using System.Text;
using UNetGen.Files;

namespace UNetGen.Cli;

/// <summary>The program's output, whose errors say that it is the output that can't be written: the file it goes to, a full disk.</summary>
/// <param name="output">Where it goes.</param>
/// <param name="isTerminal">
/// Whether that is a terminal: what can't be written to one that was closed is for nobody, and no error. A progress bar may meet it before
/// the signal comes, on a thread where an error ends the program.
/// </param>
internal sealed class CheckedOutput(TextWriter output, bool isTerminal) : TextWriter
{
    public override Encoding Encoding => output.Encoding;

    public override void Write(char value) => Checked(() => output.Write(value));

    public override void Write(string? value) => Checked(() => output.Write(value));

    public override void Flush() => Checked(output.Flush);

    private void Checked(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (isTerminal && WriteFault.Of(error) is not null)
        {
            // Closed.
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
