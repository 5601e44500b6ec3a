using System.Text.RegularExpressions;
using TorchSharp;

namespace UNetGen.Native;

/// <summary>
/// A libtorch that is already on this machine and is to be loaded in place of a package's: <c>torch/lib</c> of a PyTorch installation, a
/// cluster's module, an unpacked libtorch.
/// </summary>
internal sealed partial class InstalledLibtorch
{
    /// <summary>The environment variable that names it.</summary>
    public const string Variable = "UNETGEN_LIBTORCH";

    // Beside the libraries, and where people point who were told of a Python package or of an unpacked archive.
    private static readonly string[] Within = ["", "lib", Path.Combine("torch", "lib")];

    private readonly string given;

    /// <summary>Of a folder.</summary>
    /// <param name="given">With the libraries, or the one above it.</param>
    public InstalledLibtorch(string given)
    {
        this.given = given;
        Folder = Within.Select(within => Path.GetFullPath(Path.Combine(given, within)))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, Platform.FileName("torch_cpu")))) ?? Path.GetFullPath(given);
    }

    /// <summary>The one that the environment names; null where it names none.</summary>
    public static InstalledLibtorch? OfEnvironment() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? new(folder) : null;

    /// <summary>Where its libraries lie.</summary>
    public string Folder { get; }

    /// <summary>Its version, such as 2.11.0+cu130; null where its files don't say.</summary>
    public string? Version
    {
        get
        {
            // A PyTorch has version.py beside lib, an unpacked libtorch build-version.
            var above = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Folder)) ?? Folder;
            return Read(Path.Combine(above, "version.py")) is { } python && PythonVersion().Match(python) is { Success: true } version
                ? version.Groups[1].Value
                : Read(Path.Combine(above, "build-version"))?.Trim();
        }
    }

    /// <summary>
    /// What speaks against it, in one line: another version than TorchSharp was made for, or one that isn't known. Null where nothing does.
    /// </summary>
    public string? Doubt
    {
        get
        {
            var made = System.Version.Parse(torch.__version__);
            var wanted = $"{made.Major}.{made.Minor}";
            return Version is { } version && version.StartsWith(wanted + ".", StringComparison.Ordinal)
                ? null
                : $"{Variable}: {(Version is null ? "a libtorch of unknown version" : $"libtorch {Version}")} in {Folder}; "
                    + $"TorchSharp {Libtorch.TorchSharpVersion} was made for {wanted}. If it fails, install that version.";
        }
    }

    /// <summary>Says that a library isn't there, or can't be reached.</summary>
    public LibtorchException Lacks(string library)
    {
        var file = Platform.FileName(library);
        try
        {
            File.GetAttributes(Path.Combine(Folder, file));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            // So it is.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new($"{Variable} is {given}, and {file} can't be reached there: {error.Message}", error);
        }
        return new(
            $"{Variable} is {given}, but {file} isn't there{(Directory.Exists(given) ? "" : ", nor is the folder")}.\n"
                + "It must be the folder of a libtorch's libraries: lib of an unpacked libtorch, or torch/lib of a PyTorch, whose torch\n"
                + "folder is printed by: python3 -c \"import torch; print(torch.__path__[0])\"");
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [GeneratedRegex("__version__ *= *['\"]([^'\"]+)['\"]")]
    private static partial Regex PythonVersion();
}
