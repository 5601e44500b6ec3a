using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>
/// A safetensors file of latents, as its header describes it: which tensors there are, of what shape and type, and where each image's
/// numbers begin. It is opened anew for each read, since a folder may hold more files than a process may keep open.
/// </summary>
internal sealed class LatentFile
{
    public const string LatentsKey = "latents";
    public const string ContextKey = "context";
    public const string LabelsKey = "labels";
    public const string NullContextKey = "null_context";

    /// <summary>In the metadata of a file that was drawn: what it was drawn with.</summary>
    public const string DrawnKey = "unetgen_samples";

    // What begins a key in the metadata of every file that UNetGen writes: drawn latents, weights, classifiers, statistics.
    private const string OwnKeys = "unetgen";

    // So much of a file's beginning, middle and end goes into its sum, and all of one that has no more.
    private const int Sample = 1 << 16;

    /// <summary>The names of all tensors that are read.</summary>
    public static readonly string[] KnownNames = [LatentsKey, ContextKey, LabelsKey, NullContextKey];

    private static readonly ScalarType[] Reals = [ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16];
    private static readonly ScalarType[] Wholes = [ScalarType.Int64, ScalarType.Int32];

    private readonly Dictionary<string, (SafetensorsEntry Entry, long Position)> tensors;
    private readonly (long Length, DateTime Time) known;

    // The process may go elsewhere before the file is read.
    private readonly string fullPath;

    private LatentFile(string path, SafetensorsFile file, (long, DateTime) known)
    {
        (Path, fullPath, this.known) = (path, System.IO.Path.GetFullPath(path), known);
        IsOwn = file.Metadata.Keys.Any(key => key.StartsWith(OwnKeys, StringComparison.Ordinal));
        tensors = file.Entries.ToDictionary(entry => entry.Name, entry => (entry, file.PositionOf(entry)));
    }

    public string Path { get; }

    /// <summary>
    /// Whether UNetGen has written it, as it writes no data: what a network has drawn, its weights, a classifier, statistics.
    /// </summary>
    public bool IsOwn { get; }

    /// <summary>The tensors' names.</summary>
    public IReadOnlyCollection<string> Names => tensors.Keys;

    /// <summary>Reads a file's header.</summary>
    /// <exception cref="DataException">It can't be read, or isn't whole.</exception>
    public static LatentFile Open(string path)
    {
        try
        {
            var info = new FileInfo(path);
            info = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
            using var file = SafetensorsFile.Open(path);
            return new(path, file, (info.Length, info.LastWriteTimeUtc));
        }
        catch (SafetensorsException error)
        {
            throw new DataException($"{error.Message} Write it anew, or take it out of the folder.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{path}' can't be read: {error.Message}", error);
        }
    }

    /// <summary>Whether a file can be opened and holds latents that are data.</summary>
    public static bool HasLatents(string path)
    {
        try
        {
            return Open(path) is { IsOwn: false } file && file.Names.Contains(LatentsKey);
        }
        catch (DataException)
        {
            return false;
        }
    }

    /// <summary>The shape of a tensor of real numbers; null: there is none of that name.</summary>
    /// <exception cref="DataException">It holds numbers of another type.</exception>
    public IReadOnlyList<long>? ShapeOf(string name) => Find(name, Reals, "float32, float16 or bfloat16")?.Entry.Shape;

    /// <summary>How many latents it has.</summary>
    /// <param name="wanted">What the network takes.</param>
    /// <exception cref="DataException">It has none, or others than the network takes.</exception>
    public int CountOf((int Channels, int Height, int Width) wanted)
    {
        if (ShapeOf(LatentsKey) is not { } shape)
            throw new DataException(Names.Contains(NullContextKey)
                ? $"'{Path}' holds a '{NullContextKey}', which is looked for in {LatentFolderSource.NullFileName} alone: call the file so, or "
                    + "take it out of the folder."
                : $"{Without(LatentsKey)}, or take the file out of the folder.");
        if (shape is not [var images, var channels, var height, var width])
            throw new DataException(
                $"'{Path}': '{LatentsKey}' is {Text(shape)}, and must be [images, channels, height, width].");
        if ((channels, height, width) != wanted)
            throw new DataException(
                $"'{Path}': its latents are {channels} x {height} x {width} (channels x height x width), and the network takes "
                    + $"{wanted.Channels} x {wanted.Height} x {wanted.Width}.");
        return images <= int.MaxValue ? (int)images : throw new DataException($"'{Path}' has more images than 2^31 - 1.");
    }

    /// <summary>The shape of its contexts; null: it has none.</summary>
    /// <param name="images">How many latents it has.</param>
    /// <exception cref="DataException">They aren't one for each of the latents, nor one for all.</exception>
    public ContextShape? ContextOf(int images)
    {
        if (ShapeOf(ContextKey) is not { } shape)
            return null;
        if (shape is not ([_, _] or [_, _, _]) || (shape.Count == 3 && shape[0] != images))
            throw new DataException(
                $"'{Path}': '{ContextKey}' is {Text(shape)}, and must be [{images}, tokens, width], one for each "
                    + "of the latents, or [tokens, width], one for all.");
        var (tokens, width) = (shape[^2], shape[^1]);
        return tokens > 0 && width > 0 && (Int128)tokens * width <= int.MaxValue
            ? new((int)tokens, (int)width)
            : throw new DataException(
                $"'{Path}': '{ContextKey}' has {tokens} tokens of {width} numbers; there must be some, and fewer than 2^31.");
    }

    /// <summary>Reads numbers of a tensor as float32.</summary>
    /// <param name="name">Of the tensor, which is there.</param>
    /// <param name="first">The number to begin with, from 0, in row-major order.</param>
    /// <param name="values">To be filled.</param>
    /// <returns><see cref="FileRecord.SumOf"/> of the bytes.</returns>
    /// <exception cref="DataException">The file can't be read, or has changed, or a number is none of <see cref="EncodedRange"/>.</exception>
    public long Read(string name, long first, Span<float> values)
    {
        long sum;
        var (entry, position) = tensors[name];
        var size = SafetensorsHeader.SizeOf(entry.DType);
        var rented = ArrayPool<byte>.Shared.Rent(values.Length * size);
        try
        {
            var bytes = rented.AsSpan(0, values.Length * size);
            PatientFile.Read(fullPath, known, position + first * size, bytes);
            Widen(bytes, entry.DType, values);
            sum = FileRecord.SumOf(bytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
        foreach (var value in values)
        {
            if (EncodedRange.Fault(value) is { } fault)
                throw new DataException(
                    $"'{Path}': '{name}' holds {value.ToString(CultureInfo.InvariantCulture)} among its numbers {first} to "
                    + $"{first + values.Length - 1}, {fault}: "
                    + "write the file anew (an encoder that computes in float16 may overflow), or take it out of the folder.");
        }
        return sum;
    }

    /// <summary>Reads all labels; null: there are none.</summary>
    /// <exception cref="DataException">They aren't one whole number for each image, or one is below 0 or above 1,000,000.</exception>
    public int[]? ReadLabels(int images)
    {
        if (Find(LabelsKey, Wholes, "int64 or int32") is not var (entry, position))
            return null;
        if (entry.Shape is not [var count] || count != images)
            throw new DataException(
                $"'{Path}': '{LabelsKey}' is {Text(entry.Shape)}, and must be one label for each of the latents, [{images}].");
        var size = SafetensorsHeader.SizeOf(entry.DType);
        var bytes = new byte[images * size];
        PatientFile.Read(fullPath, known, position, bytes);
        var labels = new int[images];
        for (var i = 0; i < images; i++)
        {
            var label = size == sizeof(long)
                ? BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(i * size))
                : BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(i * size));
            if (label is < 0 or >= SpecLimits.Classes)
                throw new DataException(FormattableString.Invariant(
                    $"'{Path}': image {i} has the label {label}; labels are from 0 to {SpecLimits.Classes - 1}."));
            labels[i] = (int)label;
        }
        return labels;
    }

    /// <summary>
    /// A sum over the file's length and its bytes, of a large file over those at its beginning, in its middle and at its end: what is made
    /// anew by another encoder differs everywhere.
    /// </summary>
    /// <exception cref="DataException">The file can't be read, or has changed.</exception>
    public string Sum()
    {
        var length = known.Length;
        long[] places = length <= 3L * Sample ? [0] : [0, (length - Sample) / 2, length - Sample];
        var bytes = new byte[places.Length == 1 ? (int)length : Sample];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(length));
        foreach (var place in places)
        {
            PatientFile.Read(fullPath, known, place, bytes);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What the file lacks, with what it has, and which of that may be meant; to be followed by what else can be done.</summary>
    /// <param name="name">Of the tensor that is missing.</param>
    public string Without(string name)
    {
        string[] others = [.. Names.Except(KnownNames)];
        var meant = others.Length == 1 ? others[0] : EditDistance.Nearest(name, others);
        var has = Names.Count == 0 ? "it has none at all" : $"it has {Excerpt.List(Names)}";
        return $"'{Path}' has no tensor called '{name}'; {has}. "
            + (meant is null ? $"Write what it is to be under the name '{name}'" : $"If '{Excerpt.Of(meant)}' is meant, call it '{name}'");
    }

    /// <summary>A shape, in brackets.</summary>
    public static string Text(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private (SafetensorsEntry Entry, long Position)? Find(string name, ScalarType[] types, string inWords)
    {
        if (!tensors.TryGetValue(name, out var found))
            return null;
        return types.Contains(found.Entry.DType)
            ? found
            : throw new DataException($"'{Path}': '{name}' holds numbers of {found.Entry.DType}, and must hold such of {inWords}.");
    }

    private static void Widen(ReadOnlySpan<byte> bytes, ScalarType type, Span<float> values)
    {
        if (type == ScalarType.Float32)
        {
            bytes.CopyTo(MemoryMarshal.AsBytes(values));
            return;
        }
        var words = MemoryMarshal.Cast<byte, ushort>(bytes);
        if (type == ScalarType.Float16)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)BitConverter.UInt16BitsToHalf(words[i]);
            return;
        }
        // The first half of a float32.
        for (var i = 0; i < values.Length; i++)
            values[i] = BitConverter.UInt32BitsToSingle((uint)words[i] << 16);
    }
}
