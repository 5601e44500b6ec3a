using System.Text.Json;
using UNetGen.Files;
using UNetGen.Training;

namespace UNetGen.Logging;

/// <summary>
/// A run's log, <c>log.jsonl</c>: a JSON object a line and step (<see cref="LoggedStep"/>). Each line is handed to the operating system
/// when it is written, so that a process that is killed loses none; what a power cut leaves half-written at the end is dropped, by whoever
/// reads it and by whoever continues it. Several threads may write to it.
/// </summary>
public sealed class TrainingLog : IDisposable
{
    // Asking costs a file of /proc to be read; memory grows slower than steps come.
    private const int StepsPerLookAtMemory = 10;

    private readonly WriterLock alone;
    private readonly Lock turn = new();
    private readonly FileStream file;
    private long residentBytes;
    private int written;
    private int lastStep;

    private TrainingLog(WriterLock alone, FileStream file, LoggedStep[] continued, int? dropped) =>
        (this.alone, this.file, ContinuedLines, lastStep, LastDroppedStep)
            = (alone, file, continued.Length, continued is [.., var last] ? last.Step : 0, dropped);

    /// <summary>Lines of earlier steps that it continues: as many as there were steps, unless some were lost.</summary>
    public int ContinuedLines { get; }

    /// <summary>The last step whose line was dropped, for it comes after the one to continue after; null where there was none.</summary>
    public int? LastDroppedStep { get; }

    /// <summary>Begins a log, or continues one after a step.</summary>
    /// <param name="path">The file; its folder is made where it is missing. Only one log at a time has it open.</param>
    /// <param name="continueAfter">
    /// The step that training continues after; lines of later steps are dropped, all at once or not at all. 0 begins anew.
    /// </param>
    /// <exception cref="LockedException">Another has it open.</exception>
    /// <exception cref="UNetGenException">A line before the last is no line of a log.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static TrainingLog Open(string path, int continueAfter = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfNegative(continueAfter);
        // From before the first line is read: replacing the file would take it from whoever writes it, without a word.
        var alone = WriterLock.OfFile(path);
        try
        {
            LoggedStep[] kept = [];
            int? last = null;
            RegularFile.Require(path);
            if (File.Exists(path))
            {
                var found = Read(path);
                kept = [.. found.TakeWhile(step => step.Step <= continueAfter)];
                last = found.Count > kept.Length ? found[^1].Step : null;
                AtomicFile.Write(path, stream =>
                {
                    foreach (var step in kept)
                        stream.Write(step.ToLine());
                });
            }
            return new TrainingLog(
                alone, new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0), kept, last);
        }
        catch
        {
            alone.Dispose();
            throw;
        }
    }

    /// <summary>Writes a step's line.</summary>
    /// <exception cref="ArgumentException">
    /// The step isn't after the last one that the log has, or has what no step can have: no log could be read with its line.
    /// </exception>
    /// <exception cref="IOException">It can't be written; the line may be there in part.</exception>
    public void Write(TrainingStep step)
    {
        lock (turn)
            WriteNext(step);
    }

    /// <summary>
    /// Waits until all lines are on the disk, so that not even a power cut loses them: before a checkpoint that the log is to reach.
    /// </summary>
    public void Flush() => file.Flush(flushToDisk: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (turn)
            file.Dispose();
        alone.Dispose();
    }

    private void WriteNext(TrainingStep step)
    {
        if (step.Step <= lastStep)
            throw new ArgumentException(
                FormattableString.Invariant($"Step {step.Step} can't follow step {lastStep}, the last of {file.Name}: a log's steps rise. ")
                    + "A training that goes back opens its log anew, with `continueAfter`, which drops the later lines.",
                nameof(step));
        if (written++ % StepsPerLookAtMemory == 0)
            residentBytes = Environment.WorkingSet;
        var line = LoggedStep.From(step, residentBytes);
        if (line.Fault is { } fault)
            throw new ArgumentException(fault, nameof(step));
        file.Write(line.ToLine());
        lastStep = step.Step;
    }

    /// <summary>All whole lines, in the order of the steps; also of a run that is under way.</summary>
    /// <exception cref="UNetGenException">A line before the last is no line of a log, or its step not after the one before.</exception>
    /// <exception cref="IOException">There is no such file, or it can't be read.</exception>
    public static IReadOnlyList<LoggedStep> Read(string path)
    {
        var rest = ReadWhileWritten(path).AsSpan();
        var steps = new List<LoggedStep>();
        // What follows the last line feed was cut off.
        for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
        {
            try
            {
                var step = LoggedStep.Parse(rest[..end]);
                if (steps.Count > 0 && step.Step <= steps[^1].Step)
                    throw new JsonException($"Step {step.Step} comes after step {steps[^1].Step}.");
                steps.Add(step);
            }
            catch (JsonException error)
            {
                throw new UNetGenException(
                    $"{path} is damaged: line {steps.Count + 1} is no line of a log ({JsonText.Explain(error).TrimEnd('.')}). "
                    + "Delete that line, or the file: the training itself doesn't need it.",
                    error);
            }
        }
        return steps;
    }

    private static byte[] ReadWhileWritten(string path)
    {
        RegularFile.Require(path);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var content = new MemoryStream();
        file.CopyTo(content);
        return content.ToArray();
    }
}
