using UNetGen.Native;

namespace UNetGen.Files;

/// <summary>Why something can't be written, by the exception that was thrown.</summary>
internal static class WriteFault
{
    /// <summary>Why, without a full stop; null: the exception comes from something else.</summary>
    public static string? Of(Exception error) => error switch
    {
        IOException or UnauthorizedAccessException => error.Message.TrimEnd('.'),
        _ when FileSizeLimit.IsMet(error) => FileSizeLimit.Reason,
        _ => null,
    };

    /// <summary>What is in the way of a folder, which systems tell in many ways: a file, or a link to nothing; null: neither.</summary>
    public static string? Above(string? folder)
    {
        while (folder is not null && !File.Exists(folder))
            folder = Path.GetDirectoryName(folder);
        if (folder is null)
            return null;
        var file = new FileInfo(folder);
        return file.LinkTarget is { } target && file.ResolveLinkTarget(returnFinalTarget: true) is not { Exists: true }
            ? $"{folder} is a link to {target}, which isn't there"
            : $"{folder} is a file, not a folder";
    }
}
