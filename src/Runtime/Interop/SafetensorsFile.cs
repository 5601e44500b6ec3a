using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using UNetGen.Files;
using static System.FormattableString;
using static TorchSharp.torch;

namespace UNetGen.Interop;

/// <summary>
/// A file of named tensors in the safetensors format: an 8-byte length, a JSON header, the bytes of all tensors. Nothing in it is executed.
/// Opening one reads and checks the header alone; tensors are read when asked for, straight into their own memory.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int LengthSize = 8;

    /// <summary>Tensors move in pieces, because a span shows at most 2 GB; larger pieces than this are no faster.</summary>
    internal const long ChunkBytes = 1 << 24;

    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;
    private readonly long dataStart;

    private SafetensorsFile(string path, SafeFileHandle handle)
    {
        Path = path;
        this.handle = handle;
        long fileLength = RandomAccess.GetLength(handle);
        if (fileLength < LengthSize)
            throw new SafetensorsException(path, $"it has {Counted.Of(fileLength, "byte")}, too few even for the length of its header.");
        Span<byte> lengthBytes = stackalloc byte[LengthSize];
        ReadExactly(lengthBytes, 0);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (headerLength > SafetensorsHeader.MaxLength)
            throw new SafetensorsException(
                path, Invariant($"it claims a header of {headerLength:N0} bytes, but the format allows {SafetensorsHeader.MaxLength:N0}."));
        if ((long)headerLength > fileLength - LengthSize)
            throw new SafetensorsException(
                path,
                Invariant(
                    $"it ends too early: its header should have {Counted.Of((long)headerLength, "byte")}, but the file has {fileLength:N0}."));
        var json = new byte[headerLength];
        ReadExactly(json, LengthSize);
        dataStart = LengthSize + json.Length;
        header = SafetensorsHeaderReader.Read(json, fileLength - dataStart, path);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Free text by key.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Its tensors in the header's order, which is the order they were written in.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => header.Entries;

    /// <summary>Opens a file and checks all that its header says, without reading a tensor.</summary>
    /// <exception cref="SafetensorsException">The file isn't valid, or was cut short.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static SafetensorsFile Open(string path)
    {
        RegularFile.Require(path);
        var handle = File.OpenHandle(path);
        try
        {
            return new SafetensorsFile(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads all tensors, to the CPU.</summary>
    /// <returns>The tensors by name, in the order they were written in; the caller's to dispose.</returns>
    /// <exception cref="SafetensorsException">The file isn't valid, or was cut short.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static (OrderedDictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        using var file = Open(path);
        return (file.ReadAll(), file.Metadata);
    }

    /// <summary>Reads all tensors, to the CPU.</summary>
    /// <returns>The tensors by name, in the order they were written in; the caller's to dispose.</returns>
    /// <exception cref="SafetensorsException">
    /// The file was cut short or changed meanwhile, a truth value is neither 0 nor 1, or the numbers aren't those whose sum is in the
    /// metadata of a file that was written here.
    /// </exception>
    public OrderedDictionary<string, Tensor> ReadAll()
    {
        var tensors = new OrderedDictionary<string, Tensor>();
        try
        {
            foreach (var entry in Entries)
                tensors.Add(entry.Name, Read(entry));
            TensorSum.Check(this, tensors);
            return tensors;
        }
        catch
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            throw;
        }
    }

    /// <summary>Reads one tensor, to the CPU.</summary>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    /// <returns>A tensor shaped as the entry says; the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">It is another file's.</exception>
    /// <exception cref="SafetensorsException">The file was cut short or changed meanwhile, or a truth value is neither 0 nor 1.</exception>
    public Tensor Read(SafetensorsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (!header.Has(entry))
            throw new ArgumentException(
                $"{Path} has no tensor '{Excerpt.Of(entry.Name)}' as the entry describes it: give one of its own `Entries`.",
                nameof(entry));
        var tensor = empty([.. entry.Shape], dtype: entry.DType, device: CPU);
        try
        {
            long position = dataStart + entry.Offset;
            ForEachChunk(tensor, bytes =>
            {
                ReadExactly(bytes, position);
                position += bytes.Length;
                // Any other value in a C++ bool is undefined behaviour.
                if (entry.DType == ScalarType.Bool && bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
                    throw new SafetensorsException(
                        Path, $"tensor '{Excerpt.Of(entry.Name)}' is of type BOOL, but has bytes other than 0 and 1.");
            });
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Where a tensor's bytes begin in the file.</summary>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    internal long PositionOf(SafetensorsEntry entry) => dataStart + entry.Offset;

    /// <summary>Reads one tensor's bytes, for which no libtorch is needed.</summary>
    /// <param name="entry">One of <see cref="Entries"/>.</param>
    /// <exception cref="SafetensorsException">The file was cut short meanwhile.</exception>
    internal byte[] ReadBytes(SafetensorsEntry entry)
    {
        var bytes = new byte[checked((int)entry.Length)];
        ReadExactly(bytes, dataStart + entry.Offset);
        return bytes;
    }

    /// <summary>
    /// Writes tensors to a file, whole or not at all: see <see cref="AtomicFile"/>. The same tensors and texts give the same bytes.
    /// </summary>
    /// <param name="path">The file; an existing one is replaced.</param>
    /// <param name="tensors">
    /// By name, such as a state_dict, on any device; the header keeps their order. F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL.
    /// </param>
    /// <param name="metadata">Free text by key.</param>
    /// <exception cref="ArgumentException">
    /// A name twice or reserved, a name or text that is null or no valid Unicode, a type that the format lacks, or a tensor that is null,
    /// disposed, sparse, or on the device meta.
    /// </exception>
    /// <exception cref="IOException">It can't be written; a file that was there before still is.</exception>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        KeyValuePair<string, Tensor>[] all = [.. tensors];
        AtomicFile.Write(path, stream => Write(stream, all, metadata));
    }

    /// <summary>Writes the bytes of such a file to a stream.</summary>
    /// <param name="stream">From where it stands; left open, and not flushed.</param>
    /// <param name="tensors">As for a file.</param>
    /// <param name="metadata">Free text by key.</param>
    /// <exception cref="ArgumentException">
    /// A name twice or reserved, a name or text that is null or no valid Unicode, a type that the format lacks, or a tensor that is null,
    /// disposed, sparse, or on the device meta; nothing was written.
    /// </exception>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        KeyValuePair<string, Tensor>[] all = [.. tensors];
        var layout = SafetensorsHeader.Layout(all, metadata ?? new Dictionary<string, string>());
        var json = layout.ToJson();
        Span<byte> length = stackalloc byte[LengthSize];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        stream.Write(length);
        stream.Write(json.Span);
        foreach (int i in Enumerable.Range(0, all.Length).OrderBy(i => layout.Entries[i].Offset))
            WriteData(stream, all[i].Value);
    }

    /// <summary>Closes the file; tensors that were read stay.</summary>
    public void Dispose() => handle.Dispose();

    private static void WriteData(Stream file, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        ForEachChunk(tensor.detach().cpu().contiguous(), bytes => file.Write(bytes));
    }

    private delegate void ChunkAction(Span<byte> bytes);

    /// <summary>The tensor's own memory, a piece at a time.</summary>
    /// <param name="tensor">Contiguous, on the CPU.</param>
    /// <param name="action">Called with each piece in turn.</param>
    private static void ForEachChunk(Tensor tensor, ChunkAction action)
    {
        using var flat = tensor.flatten();
        long chunk = ChunkBytes / SafetensorsHeader.SizeOf(tensor.dtype);
        for (long start = 0; start < flat.numel(); start += chunk)
        {
            using var piece = flat.narrow(0, start, Math.Min(chunk, flat.numel() - start));
            action(piece.bytes);
        }
    }

    private void ReadExactly(Span<byte> bytes, long position)
    {
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(handle, bytes, position);
            if (read == 0)
                throw new SafetensorsException(Path, "it ends too early: it became shorter while it was read.");
            bytes = bytes[read..];
            position += read;
        }
    }
}
