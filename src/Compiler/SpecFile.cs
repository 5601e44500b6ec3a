using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Files;
using UNetGen.Generator.Common;

namespace UNetGen.Compiler;

/// <summary>A spec as the compiler hands it to the generator.</summary>
/// <param name="path">Its full path.</param>
/// <param name="text">What stands in it.</param>
internal sealed class SpecFile(string path, SourceText text) : AdditionalText
{
    public override string Path { get; } = path;

    /// <summary>By it specs find one another.</summary>
    public string NormalPath { get; } = Paths.Normal(path);

    public override SourceText GetText(CancellationToken cancellationToken = default) => text;

    /// <summary>Whether there is one.</summary>
    /// <exception cref="UNetGenException">It can't be reached, so that nobody knows.</exception>
    public static bool IsThere(string path)
    {
        try
        {
            return Presence.OfFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    /// <exception cref="UNetGenException">There is none, it can't be read, or its name isn't a spec's.</exception>
    public static SpecFile Read(string path)
    {
        RequireName(path, mustExist: true);
        try
        {
            using var stream = new MemoryStream(RegularFile.ReadSmall(path));
            return new SpecFile(path, SourceText.From(stream));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UNetGenException($"There is no spec {path}.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    /// <exception cref="UNetGenException">The name isn't a spec's.</exception>
    public static SpecFile Of(string path, string text)
    {
        RequireName(path);
        return new SpecFile(path, SourceText.From(text, Encoding.UTF8));
    }

    /// <summary>Of files with other names a build takes no notice.</summary>
    private static void RequireName(string path, bool mustExist = false)
    {
        if (!path.EndsWith(Paths.SpecExtension, StringComparison.OrdinalIgnoreCase))
            throw new UNetGenException(
                Directory.Exists(path) ? $"{path} is a folder, no spec: name a NAME{Paths.SpecExtension} in it."
                : mustExist && !IsThere(path) ? $"There is no spec {path}; a spec's file is called NAME{Paths.SpecExtension}."
                : $"A spec's file is called NAME{Paths.SpecExtension}, and {path} isn't: rename it.");
    }

    private static UNetGenException Unreadable(string path, Exception exception) =>
        new($"The spec {path} can't be read: {exception.Message}", exception);
}
