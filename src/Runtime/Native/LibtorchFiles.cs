using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace UNetGen.Native;

/// <summary>
/// Loads libtorch file by file where the ordinary load by name failed: either it succeeds or it finds out why not.
/// </summary>
/// <param name="directories">Where to look, in this order.</param>
/// <param name="writable">Where a changed copy of a library may lie for the moment of loading it; the first that serves is taken.</param>
/// <param name="dispensableVersion">The symbol version that a host needn't have.</param>
/// <param name="installed">Where all but TorchSharp's own part comes from; null: it lies in <paramref name="directories"/> too.</param>
internal sealed partial class LibtorchFiles(
    IReadOnlyList<string> directories, IReadOnlyList<string> writable, string dispensableVersion = LibtorchFiles.DispensableVersion,
    InstalledLibtorch? installed = null)
{
    /// <summary>
    /// The one version that LibTorchSharp is linked against and Debian 12, Ubuntu 22.04 lack (GCC 13). It stands for a single symbol,
    /// ios_base_library_init, which no relocation uses: it is there to make sure that libstdc++ sets up std::cout, and libtorch, built with
    /// an older GCC, does that itself.
    /// </summary>
    public const string DispensableVersion = "GLIBCXX_3.4.32";

    private const string OfTorchSharp = "LibTorchSharp";

    /// <summary>In the order in which they need each other.</summary>
    private static readonly string[] Libraries = ["c10", "torch_cpu", "torch", OfTorchSharp];

    /// <summary>
    /// Where the host would look: flat beside the program, under runtimes/, or in the package folders; then, for a program that wants it,
    /// in NuGet's folder of packages; and for temporary files.
    /// </summary>
    /// <param name="installed">Takes the place of the program's own libtorch; null: there is none.</param>
    public static LibtorchFiles OfThisProgram(InstalledLibtorch? installed = null)
    {
        var probed = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        string[] directories = [
            .. probed, AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", Platform.Rid, "native"),
            .. installed is null && PackagedLibtorch.IsWanted ? [PackagedLibtorch.Folder] : (string[])[]];
        string home = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return new(
            [.. directories.Select(Path.TrimEndingDirectorySeparator).Distinct()],
            home == "" ? [Path.GetTempPath()] : [Path.GetTempPath(), home],
            installed: installed);
    }

    /// <summary>The full path of one of libtorch's libraries, such as <c>torch_cuda</c>; null where it isn't.</summary>
    public string? Find(string library) =>
        Places(library).Select(directory => Path.Combine(directory, Platform.FileName(library))).FirstOrDefault(File.Exists);

    /// <summary>
    /// Refuses files that were cut short, for example by a full disk while building: loading one would end the process without a word.
    /// </summary>
    /// <exception cref="LibtorchException">A file is incomplete.</exception>
    public void CheckComplete()
    {
        if (
            OperatingSystem.IsLinux()
                && Libraries.Select(Find).FirstOrDefault(path => path is not null && !ElfFile.IsComplete(path)) is { } cut)
            throw Damaged(cut, "it ends too early, or isn't a library for 64-bit Linux");
    }

    /// <summary>
    /// Refuses a second libtorch beside an installed one: TorchSharp loads the program's own by its name, before anybody is asked, and two
    /// of them end the process.
    /// </summary>
    /// <exception cref="LibtorchException">There are two.</exception>
    public void CheckAlone()
    {
        if (installed is null || directories.FirstOrDefault(HasLibtorch) is not { } own)
            return;
        throw new LibtorchException(
            $"{InstalledLibtorch.Variable} is {installed.Folder}, but this program brings a libtorch of its own, in {own}.\n"
                + "Build it without: leave out its reference to TorchSharp-cpu or TorchSharp-cuda (in UNetGen's own tree: "
                + "-p:TorchBackend=none). Or delete\nthe files there whose names begin with libtorch and libc10 (on Windows torch and c10).");

        static bool HasLibtorch(string directory) => File.Exists(Path.Combine(directory, Platform.FileName("torch_cpu")));
    }

    /// <summary>Loads all of libtorch.</summary>
    /// <returns>The handle of LibTorchSharp.</returns>
    /// <exception cref="LibtorchException">It can't be loaded; the message says why and what to do.</exception>
    public nint Load()
    {
        Platform.CheckSupported();
        nint handle = 0;
        foreach (string library in Libraries)
            handle = Load(library, Find(library) ?? throw Missing(library));
        return handle;
    }

    // TorchSharp's own part may lie with an installed libtorch too: one that was built against it.
    private IEnumerable<string> Places(string library) =>
        installed is null ? directories : library == OfTorchSharp ? [installed.Folder, .. directories] : [installed.Folder];

    private nint Load(string library, string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            if (OperatingSystem.IsLinux() && library == OfTorchSharp && e.Message.Contains(dispensableVersion, StringComparison.Ordinal))
                return LoadWeakened(path);
            throw Failed(path, e);
        }
    }

    /// <summary>
    /// Loads a copy that doesn't insist on the dispensable version. The copy is this process's own and is deleted
    /// once mapped, which Linux allows: there is no cache to share, to race for or to go stale, for 2.4 MB written.
    /// </summary>
    [SupportedOSPlatform("linux")]
    private nint LoadWeakened(string path)
    {
        byte[] library = File.ReadAllBytes(path);
        try
        {
            ElfFile.WeakenVersion(library, dispensableVersion);
        }
        catch (InvalidDataException e)
        {
            throw Damaged(path, e.Message);
        }
        var failures = new List<string>();
        foreach (string parent in writable)
        {
            DirectoryInfo? folder = null;
            try
            {
                // Readable and writable by its owner alone: nobody else can put another library into our process.
                string name = Path.Combine(parent, "unetgen-" + Path.GetRandomFileName());
                folder = Directory.CreateDirectory(name, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                string copy = Path.Combine(name, Path.GetFileName(path));
                File.WriteAllBytes(copy, library);
                return NativeLibrary.Load(copy);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failures.Add($"{parent}: {e.Message}");
            }
            catch (Exception e) when (FileSizeLimit.IsMet(e))
            {
                failures.Add($"{parent}: {FileSizeLimit.Reason}");
            }
            catch (DllNotFoundException e)
            {
                // For example on a file system mounted noexec.
                failures.Add($"{parent}: {Reason(e)}");
            }
            finally
            {
                Delete(folder);
            }
        }
        throw new LibtorchException(
            $"This system's libstdc++ is older than {Path.GetFileName(path)} asks for. A copy with that requirement relaxed would load, "
                + "but found no place:\n"
            + string.Join('\n', failures.Select(failure => "  " + failure))
            + "\nSet TMPDIR to a folder with 3 MB free, on a file system not mounted noexec.");
    }

    private static void Delete(DirectoryInfo? folder)
    {
        try
        {
            folder?.Delete(recursive: true);
        }
        catch (IOException)
        {
            // NFS keeps a mapped file under another name until the process ends. The library is loaded; that is what counts.
        }
    }

    private LibtorchException Missing(string library) => installed is not null && library != OfTorchSharp
        ? installed.Lacks(library)
        : library != OfTorchSharp && PackagedLibtorch.IsWanted
        ? new LibtorchException($"This needs a libtorch, and there is none in {PackagedLibtorch.Folder}. {PackagedLibtorch.Advice}")
        : new LibtorchException(
        $"libtorch isn't there: {Platform.FileName(library)} lies in none of\n"
        + string.Join('\n', directories.Select(directory => "  " + directory))
        + $"\nThe project of a program brings it along by a reference: <PackageReference Include=\"TorchSharp-cpu\" "
        + $"Version=\"{Libtorch.TorchSharpVersion}\" />, "
        + "or TorchSharp-cuda-linux or TorchSharp-cuda-windows (in UNetGen's own tree: TorchBackend=auto|cpu|cuda). Then build again.");

    private LibtorchException Damaged(string path, string reason) => new(
        $"{path} is damaged: {reason.TrimEnd('.')}.\n" + (Path.GetDirectoryName(path) == installed?.Folder
            ? "Install the libtorch, or the PyTorch that it belongs to, anew."
            : "Delete the folder it is in, or bin/ and obj/, and build again; if it stays so, delete the package's folder under "
                + "~/.nuget/packages too."));

    private LibtorchException Failed(string path, Exception e)
    {
        string reason = Reason(e);
        if (HostVersion().Match(reason) is { Success: true } version)
            return new LibtorchException(
                $"This Linux is too old for libtorch: {Path.GetFileName(path)} needs {version.Value}. Debian 12, Ubuntu 22.04 or newer "
                    + $"have it.\n({reason})",
                e);
        if (e is BadImageFormatException)
            return Damaged(path, reason);
        string hint = OperatingSystem.IsWindows() ? "\nOften the Microsoft Visual C++ Redistributable (x64) is missing." : "";
        return new LibtorchException($"libtorch is there, but doesn't load: {path}: {reason}{hint}", e);
    }

    /// <summary>What the operating system's loader said, without the advice that .NET puts in front of it.</summary>
    private static string Reason(Exception e)
    {
        var lines = e.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length > 1 ? string.Join("; ", lines.Skip(1).Distinct()) : e.Message;
    }

    [GeneratedRegex(@"\b(GLIBC|GLIBCXX|CXXABI|GCC)_[0-9.]+[0-9]")]
    private static partial Regex HostVersion();
}
