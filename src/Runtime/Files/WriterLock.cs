using System.Globalization;
using System.Text;

namespace UNetGen.Files;

/// <summary>
/// The right to write a folder or a file, which one holder at a time has, among all processes and machines that see it. A process that ends
/// gives it up, however it ends.
/// Who only reads needs none. While it is held there is a hidden file, <c>.lock</c>, that says by whom; one that a killed process has left
/// behind locks nobody out, and goes with the next holder.
/// </summary>
/// <remarks>
/// To train into a folder without the program: take the folder before anything in it is read, open log, checkpoints and trainer, and give
/// it up after them.
/// <see cref="Logging.TrainingLog"/> holds its own file while it is open, <see cref="Training.Trainer.Train"/> the folder of its
/// checkpoints while it trains.
/// </remarks>
public sealed class WriterLock : IDisposable
{
    /// <summary>What a folder that is held has in it.</summary>
    public const string FileName = ".lock";

    private const int MostOfText = 512;
    private const int Attempts = 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Of this process: an emulated lock, and a file system without locks, keep no two of one process apart.</summary>
    private static readonly HashSet<string> Held = [];

    /// <summary>What Linux puts after the path of a file that is open and has none any more.</summary>
    private const string Deleted = " (deleted)";

    private readonly string path;
    private readonly string text;
    private readonly FileStream file;

    /// <summary>Whether its folder was made for it, and goes again where nothing was put into it.</summary>
    private readonly bool madeFolder;

    private WriterLock(string path, string text, FileStream file, bool isEnforced, bool madeFolder) =>
        (this.path, this.text, this.file, IsEnforced, this.madeFolder) = (path, text, file, isEnforced, madeFolder);

    /// <summary>Whoever forgot to give it up has lost it with its file.</summary>
    ~WriterLock() => Forget(path);

    /// <summary>
    /// Whether it keeps others out: a file system that has no locks, as some of clusters and some that are mounted by programs, can't.
    /// </summary>
    public bool IsEnforced { get; }

    /// <summary>
    /// The folder that it is of, or that its file is in: by its name of now, for a folder may be renamed or moved while it is held. Linux
    /// tells where it went; Windows keeps it in its place.
    /// </summary>
    /// <exception cref="IOException">It was deleted, or has gone where the system doesn't tell.</exception>
    internal string Folder
    {
        get
        {
            // Its file may have been taken away, which is no harm.
            var folder = Path.GetDirectoryName(PathNow)!;
            return Directory.Exists(folder)
                ? folder
                : throw new IOException($"The folder {folder} isn't there any more: it was moved or deleted meanwhile.");
        }
    }

    /// <summary>Whether it wasn't given up yet.</summary>
    internal bool IsHeld { get; private set; } = true;

    /// <summary>Takes a folder, under whatever name it is known.</summary>
    /// <param name="folder">Made where it is missing, and taken away again if it is then still empty.</param>
    /// <param name="wait">How long to wait for another that holds it; by default not at all.</param>
    /// <exception cref="LockedException">Another holds it.</exception>
    /// <exception cref="IOException">It can't be made, or written to.</exception>
    public static WriterLock OfFolder(string folder, TimeSpan wait = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        for (var begin = TimeProvider.System.GetTimestamp(); ; Thread.Sleep(Pause))
        {
            try
            {
                return Take(Path.Combine(folder, FileName), folder);
            }
            catch (LockedException) when (TimeProvider.System.GetElapsedTime(begin) < wait)
            {
                // Its holder may just be ending.
            }
        }
    }

    /// <summary>Takes a file, whether it is there or not, by a file beside it.</summary>
    /// <param name="file">Its folder is made where it is missing.</param>
    /// <exception cref="LockedException">Another holds it.</exception>
    /// <exception cref="IOException">The folder can't be made, or written to.</exception>
    public static WriterLock OfFile(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        var full = Path.GetFullPath(file);
        return Take(Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.lock"), file);
    }

    /// <summary>Gives it up.</summary>
    public void Dispose()
    {
        if (!IsHeld)
            return;
        IsHeld = false;
        string? left = null;
        try
        {
            // While it is still held, so that nobody else's goes; who has opened this one meanwhile sees that it is gone, and opens the
            // next.
            if (PathNow is var now && IsAt(now, text))
            {
                File.Delete(now);
                left = Path.GetDirectoryName(now);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is left behind locks nobody out.
        }
        file.Dispose();
        Forget(path);
        // What bears the folder's old name may be another's by now.
        if (madeFolder && left is not null)
            DeleteIfEmpty(left);
        GC.SuppressFinalize(this);
    }

    /// <summary>Where its file is, or was when it was deleted, as far as the system tells.</summary>
    private string PathNow
    {
        get
        {
            if (IsAt(path, text) || !OperatingSystem.IsLinux())
                return path;
            var now = new FileInfo($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}").LinkTarget ?? path;
            return now.EndsWith(Deleted, StringComparison.Ordinal) ? now[..^Deleted.Length] : now;
        }
    }

    private static WriterLock Take(string lockFile, string what)
    {
        var path = Path.GetFullPath(lockFile);
        var folder = Path.GetDirectoryName(path)!;
        lock (Held)
        {
            if (!Held.Add(path))
                throw new LockedException(what);
        }
        try
        {
            var made = false;
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    if (FileNames.FaultOfTarget(what.Length == 0 ? folder : what) is { } fault)
                        throw new IOException(fault);
                    made |= Make(folder);
                    if (TryTake(path, what, made) is { } taken)
                        return taken;
                }
                catch (Exception error) when (attempt < Attempts && IsGoing(error))
                {
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    if (made)
                        DeleteIfEmpty(folder);
                    var reason = WriteFault.Above(folder) ?? error.Message.Replace($" : '{path}'", "").TrimEnd('.');
                    throw new IOException($"{what} can't be written: {reason}.", error);
                }
                if (attempt == Attempts)
                    throw new LockedException(what, Holder(path));
                Thread.Sleep(Pause);
            }
        }
        catch
        {
            Forget(path);
            throw;
        }
    }

    /// <summary>
    /// Whether a holder has just given it up, and taken file or folder away. Windows calls a file that is going "denied".
    /// </summary>
    private static bool IsGoing(Exception error) =>
        // A folder that is gone, and there again when .NET looks why the file can't be made, is a file that isn't found.
        error is DirectoryNotFoundException or FileNotFoundException
        || (OperatingSystem.IsWindows() && error is UnauthorizedAccessException);

    private static bool Make(string folder)
    {
        if (Directory.Exists(folder))
            return false;
        Directory.CreateDirectory(folder);
        FolderFlush.Flush(Path.GetDirectoryName(folder)!);
        return true;
    }

    /// <summary>Null where the file that was locked is not the one that bears its name any more.</summary>
    private static WriterLock? TryTake(string path, string what, bool madeFolder)
    {
        var (file, outcome) = FileLock.Open(path);
        if (file is null)
            throw new LockedException(what, Holder(path));
        var isOurs = false;
        try
        {
            var since = DateTimeOffset.Now.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
            var text = $"process {Environment.ProcessId} on {Environment.MachineName}, since {since}\n{Guid.NewGuid():N}\n";
            if (!IsLockText(file))
                throw new IOException($"{path}, the file of its lock, is something else; take it away");
            isOurs = true;
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(text));
            if (IsAt(path, text))
                return new WriterLock(path, text, file, outcome == FileLock.Outcome.Held, madeFolder);
        }
        catch
        {
            // On a full disk it has no text, by which its holder would know it, and would stay.
            if (isOurs)
                File.Delete(path);
            file.Dispose();
            throw;
        }
        file.Dispose();
        return null;
    }

    /// <summary>
    /// Whether it is what a holder has written, or nothing yet, or what a disk has made of that when the power went: nobody else's file is
    /// written over, or deleted later.
    /// </summary>
    private static bool IsLockText(FileStream file)
    {
        Span<byte> content = stackalloc byte[MostOfText];
        var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return length < MostOfText && (content[..length].StartsWith("process "u8) || !content[..length].ContainsAnyExcept((byte)0));
    }

    private static bool IsAt(string path, string text)
    {
        try
        {
            return FileLock.Read(path) == text;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            // Asked again, it might be there, as another's.
            return false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A server may let nobody read what is locked, not even its holder.
            return File.Exists(path);
        }
    }

    /// <summary>What its holder has written, who may be at it just now.</summary>
    private static string Holder(string path)
    {
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                var lines = FileLock.Read(path).Split('\n');
                if (lines.Length > 1)
                    return lines[0].Length <= 200 && !lines[0].Any(char.IsControl) ? lines[0] : "another process";
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                break;
            }
            Thread.Sleep(Pause);
        }
        return "another process";
    }

    private static void Forget(string path)
    {
        lock (Held)
            Held.Remove(path);
    }

    private static void DeleteIfEmpty(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Something lies in it, or another process has taken it meanwhile.
        }
    }
}
