using UNetGen.Cli.Runs;
using UNetGen.Files;
using UNetGen.Pictures;

namespace UNetGen.Cli;

/// <summary>
/// What a command was told to write, a file or a folder: tried and taken before there is a result that could be lost. Until it is disposed,
/// another command that is to write it is refused. What killed commands have left of it goes.
/// </summary>
internal sealed class NewFile : IDisposable
{
    // Of what is written here, and of what users of such programs have.
    private static readonly string[] Endings =
    [
        ".safetensors", ".onnx", ".pt", ".pth", ".bin", ".ckpt", ".h5", ".npz", ".npy", ".zip", ".png", ".jpg", ".jpeg", ".webp", ".gif",
        ".bmp", ".tif", ".tiff", ".json", ".yaml", ".yml", ".html",
    ];

    private readonly WriterLock claim;
    private readonly string asked;

    private NewFile(WriterLock claim, string asked) => (this.claim, this.asked) = (claim, asked);

    /// <summary>What to write, as it was asked for; by the name of now, where its folder has got another meanwhile.</summary>
    /// <exception cref="IOException">Its folder isn't there any more.</exception>
    public string Path
    {
        get
        {
            var folder = claim.Folder;
            return folder == System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(asked))
                ? asked
                : System.IO.Path.Combine(folder, System.IO.Path.GetFileName(asked));
        }
    }

    /// <summary>Whether a path has a file's ending, so that no folder is meant by it.</summary>
    public static bool IsCalledAsOne(string path) =>
        Endings.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes a file's name.</summary>
    /// <exception cref="UNetGenException">It has another ending, is there already, or another command is about to write it.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static NewFile Claim(string path, string ending)
    {
        if (!path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            throw new UNetGenException($"The file {path} must end in {ending}.");
        return Claim(path, () => System.IO.Path.Exists(path) ? "would be lost" : null);
    }

    /// <summary>The same of a folder, which isn't there yet or is empty.</summary>
    /// <exception cref="UNetGenException">
    /// A file is there, or a folder that isn't empty, or another command is about to write it.
    /// </exception>
    /// <exception cref="IOException">It can't be made.</exception>
    public static NewFile ClaimFolder(string path)
    {
        var isEmpty = () => Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any();
        return Claim(
            System.IO.Path.TrimEndingDirectorySeparator(path),
            () => System.IO.Path.Exists(path) && !isEmpty() ? "not an empty folder" : null);
    }

    /// <summary>The same of a picture that may take the place of a grid that UNetGen has drawn, and of nothing else.</summary>
    /// <exception cref="UNetGenException">
    /// Another file is there, a link even to a grid among them, or another command is about to write it.
    /// </exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static NewFile ClaimGrid(string path) => Claim(
        path,
        () => new FileInfo(path) is { LinkTarget: null, Exists: var exists }
            && (!exists || OverviewMark.IsGrid(path) && !RunFolder.IsPlotOrStrip(path))
            ? null
            : "is no grid that UNetGen has drawn");

    /// <summary>The same of latents, which may take the place of such that UNetGen has drawn.</summary>
    /// <exception cref="UNetGenException">Another file is there, or another command is about to write it.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static NewFile ClaimLatents(string path) => Claim(
        path, () => !System.IO.Path.Exists(path) || DrawnLatents.IsOne(path) ? null : "is none that UNetGen has drawn");

    public void Dispose() => claim.Dispose();

    /// <param name="path">What is to be written.</param>
    /// <param name="obstacle">What is wrong with what is there; null: nothing.</param>
    private static NewFile Claim(string path, Func<string?> obstacle)
    {
        RefuseIfThere();
        var claim = WriterLock.OfFile(path);
        try
        {
            // Another command may just have finished.
            RefuseIfThere();
            AtomicFile.DeleteUnfinished(path);
            return new NewFile(claim, path);
        }
        catch
        {
            claim.Dispose();
            throw;
        }

        void RefuseIfThere()
        {
            if (obstacle() is { } reason)
                throw new UNetGenException($"{path} is there already, and {reason}; name another.");
        }
    }
}
