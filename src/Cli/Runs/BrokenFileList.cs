using System.Text;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Files;

namespace UNetGen.Cli.Runs;

/// <summary>
/// The picture files that a run left out, with reasons: a line each in a file of its folder, as far as they have been met. A run that goes
/// on adds to it.
/// </summary>
/// <param name="run">Whose folder it is in; not there while no picture is broken.</param>
/// <param name="source">Which finds them: of picture files.</param>
internal sealed class BrokenFileList(RunFolder run, IImageSource source)
{
    private IReadOnlyList<BrokenFile> elsewhere = [];
    private int written;

    private IReadOnlyList<BrokenFile> Found =>
        [.. source.BrokenFiles()!.UnionBy(elsewhere, file => file.Path).OrderBy(file => file.Path, StringComparer.Ordinal)];

    /// <summary>Those that the ranks have met, each among its own images. All of them call it.</summary>
    public static IReadOnlyList<BrokenFile> OfAll(IImageSource source, ICollective ranks) =>
    [
        .. ranks.Gather(string.Join('\n', source.BrokenFiles()!.Select(file => $"{file.Path}\0{file.Reason}".ReplaceLineEndings(" "))))
            .SelectMany(text => text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(line => line.Split('\0'))
            .Select(parts => new BrokenFile(parts[0], parts[1])),
    ];

    /// <summary>Adds those that other ranks have met.</summary>
    public void Join(ICollective ranks) => elsewhere = OfAll(source, ranks);

    /// <summary>Tries whether it could be written.</summary>
    /// <exception cref="IOException">It can't, or something else than a file is there.</exception>
    public void Try()
    {
        RegularFile.Require(run.BrokenFiles);
        AtomicFile.Try(run.BrokenFiles);
    }

    /// <summary>Writes those that were found since.</summary>
    /// <exception cref="UNetGenException">The file can't be written.</exception>
    public void Write()
    {
        var found = Found;
        if (found.Count == written)
            return;
        try
        {
            var path = run.BrokenFiles;
            RegularFile.Require(path);
            string[] before = File.Exists(path) ? File.ReadAllLines(path) : [];
            var lines = found.Select(file => $"{file.Path}: {file.Reason}".ReplaceLineEndings(" ")).Union(before).Order(
                StringComparer.Ordinal);
            AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n")));
            written = found.Count;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UNetGenException($"The list of broken pictures in {run.Name} can't be written: {error.Message}", error);
        }
    }

    /// <summary>Writes them a last time, and says how many there are; null: none.</summary>
    public string? Warning()
    {
        if (SourceWarnings.LeftOut(Found) is not { } warning)
            return null;
        try
        {
            Write();
            return $"{warning} {run.BrokenFiles} lists all, with reasons.";
        }
        catch (Exception error) when (error is UNetGenException or IOException)
        {
            // What ended the run is to be told, and this beside it.
            return $"{warning} {error.Message}";
        }
    }
}
