namespace UNetGen.Onnx.Tests;

/// <summary>Tests that write files: each has a folder of its own.</summary>
public abstract class FileTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("unetgen-onnx-tests-");

    /// <summary>Where files are written.</summary>
    private protected string Folder => folder.FullName;

    /// <summary>A file in <see cref="Folder"/>.</summary>
    private protected string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>All that lies in <see cref="Folder"/>, hidden files too.</summary>
    private protected string[] Names() =>
        [.. Directory.EnumerateFileSystemEntries(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    public void Dispose() => folder.Delete(recursive: true);
}
