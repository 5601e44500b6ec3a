using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using UNetGen.Files;

namespace UNetGen.Training;

/// <summary>
/// <c>checkpoint.sha256</c>: the SHA-256 of every other file of a checkpoint, as <c>sha256sum</c> writes it, so that <c>sha256sum -c
/// checkpoint.sha256</c> checks a checkpoint without this library. Read to the letter: a changed letter of its own is damage too.
/// </summary>
internal static partial class CheckpointSums
{
    public const string FileName = "checkpoint.sha256";

    private const int BufferSize = 1 << 20;

    public static byte[] Write(IEnumerable<(string File, string Sum)> files) =>
        Encoding.UTF8.GetBytes(string.Concat(files.Select(file => $"{file.Sum}  {file.File}\n")));

    /// <summary>Sums by file name; null where the text isn't one that <see cref="Write"/> writes.</summary>
    public static OrderedDictionary<string, string>? Read(byte[] utf8)
    {
        var sums = new OrderedDictionary<string, string>();
        // One letter a byte: what isn't ASCII matches nothing.
        var text = Encoding.Latin1.GetString(utf8);
        if (!text.EndsWith('\n'))
            return null;
        foreach (var line in text[..^1].Split('\n'))
            if (Line().Match(line) is not { Success: true } match || !sums.TryAdd(match.Groups[2].Value, match.Groups[1].Value))
                return null;
        return sums;
    }

    /// <summary>Of a file's content, read once.</summary>
    /// <exception cref="IOException">It can't be read.</exception>
    public static string Of(string path)
    {
        RegularFile.Require(path);
        using var file = new FileStream(path, new FileStreamOptions { BufferSize = BufferSize, Options = FileOptions.SequentialScan });
        return Text(SHA256.HashData(file));
    }

    public static string Text(byte[] sum) => Convert.ToHexStringLower(sum);

    /// <summary>
    /// What a file of a checkpoint can be called: nothing that sha256sum would write with a backslash, or that means another folder.
    /// </summary>
    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]*\z")]
    public static partial Regex Name();

    [GeneratedRegex(@"\A([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*)\z")]
    private static partial Regex Line();
}
