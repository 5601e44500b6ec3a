using System.Buffers.Binary;
using System.Text;

namespace UNetGen.Native;

/// <summary>
/// The little that loading libtorch needs to know of a shared library for 64-bit little-endian Linux (System V ABI; Linux Standard Base,
/// "Symbol Versioning"). It follows the same route as the dynamic loader: program headers and the dynamic section, never the section
/// headers, which may be stripped.
/// </summary>
internal static class ElfFile
{
    private const int HeaderSize = 64, ProgramHeaderSize = 56, DynamicSize = 16, NeedSize = 16;
    private const uint LoadSegment = 1, DynamicSegment = 2;
    private const ulong EndTag = 0, StringTableTag = 5, VersionNeedTag = 0x6ffffffe, VersionNeedCountTag = 0x6fffffff;
    private const ushort WeakFlag = 2;

    private readonly record struct Segment(uint Type, ulong Offset, ulong Address, ulong Size);

    /// <summary>
    /// Whether the file holds all that its program headers speak of. The dynamic loader doesn't ask: a cut file ends the process with
    /// SIGBUS.
    /// </summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static bool IsComplete(string path)
    {
        using var file = File.OpenRead(path);
        var start = new byte[Math.Min(file.Length, 1 << 16)];
        file.ReadExactly(start);
        try
        {
            return Segments(start).All(
                segment => segment.Size <= (ulong)file.Length && segment.Offset <= (ulong)file.Length - segment.Size);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>
    /// Marks the requirement of one symbol version as weak (VER_FLG_WEAK): the dynamic loader then goes on where the host's library
    /// lacks that version. Changes the flags of that requirement and not one byte more.
    /// </summary>
    /// <param name="elf">The whole file; changed in place.</param>
    /// <param name="version">The version's name, such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>Whether the library asks for that version at all.</returns>
    /// <exception cref="InvalidDataException">Not a 64-bit little-endian ELF file, or one that points outside of itself.</exception>
    public static bool WeakenVersion(Span<byte> elf, string version)
    {
        var segments = Segments(elf);
        ulong needs = 0, needCount = 0, strings = 0;
        foreach (var segment in segments.Where(segment => segment.Type == DynamicSegment))
        {
            for (ulong at = segment.Offset; at < segment.Offset + segment.Size; at += DynamicSize)
            {
                var entry = Slice(elf, at, DynamicSize);
                ulong tag = BinaryPrimitives.ReadUInt64LittleEndian(entry), value = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
                if (tag == EndTag)
                    break;
                if (tag == StringTableTag)
                    strings = FileOffset(segments, value);
                else if (tag == VersionNeedTag)
                    needs = FileOffset(segments, value);
                else if (tag == VersionNeedCountTag)
                    needCount = value;
            }
        }

        // Verneed: version, count, file, first vernaux, next (2 2 4 4 4 bytes). Vernaux: hash, flags, other, name, next (4 2 2 4 4 bytes).
        bool found = false;
        var name = Encoding.ASCII.GetBytes(version + '\0');
        for (ulong need = needs, left = needCount; left > 0; left--)
        {
            var entry = Slice(elf, need, NeedSize);
            ulong auxiliary = need + BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]);
            for (int versions = BinaryPrimitives.ReadUInt16LittleEndian(entry[2..]); versions > 0; versions--)
            {
                var requirement = Slice(elf, auxiliary, NeedSize);
                if (StartsWith(elf, strings + BinaryPrimitives.ReadUInt32LittleEndian(requirement[8..]), name))
                {
                    var flags = requirement[4..];
                    BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | WeakFlag));
                    found = true;
                }
                uint nextVersion = BinaryPrimitives.ReadUInt32LittleEndian(requirement[12..]);
                if (nextVersion == 0)
                    break;
                auxiliary += nextVersion;
            }
            uint next = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
            if (next == 0)
                break;
            need += next;
        }
        return found;
    }

    private static List<Segment> Segments(Span<byte> elf)
    {
        var header = Slice(elf, 0, HeaderSize);
        if (!header.StartsWith("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("Not a 64-bit little-endian ELF file.");
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[54..]) != ProgramHeaderSize)
            throw new InvalidDataException("An ELF file with program headers of an unknown size.");
        var segments = new List<Segment>();
        for (int i = 0; i < BinaryPrimitives.ReadUInt16LittleEndian(header[56..]); i++)
        {
            // type, flags, offset, virtual address, physical address, size in the file, ... (4 4 8 8 8 8 bytes)
            var entry = Slice(elf, unchecked(table + (ulong)(i * ProgramHeaderSize)), ProgramHeaderSize);
            segments.Add(new Segment(
                BinaryPrimitives.ReadUInt32LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]), BinaryPrimitives.ReadUInt64LittleEndian(entry[32..])));
        }
        return segments;
    }

    private static ulong FileOffset(List<Segment> segments, ulong address)
    {
        foreach (var segment in segments)
            if (segment.Type == LoadSegment && address >= segment.Address && address - segment.Address < segment.Size)
                return unchecked(segment.Offset + (address - segment.Address));
        throw new InvalidDataException($"An ELF file whose dynamic section points to 0x{address:x}, outside of every segment.");
    }

    private static bool StartsWith(Span<byte> elf, ulong offset, ReadOnlySpan<byte> text) =>
        offset <= (ulong)elf.Length && elf[(int)offset..].StartsWith(text);

    private static Span<byte> Slice(Span<byte> elf, ulong offset, int size) =>
        offset <= (ulong)elf.Length && elf.Length - (int)offset >= size
        ? elf.Slice((int)offset, size)
        : throw new InvalidDataException($"An ELF file that ends early: {size} bytes expected at 0x{offset:x}, but it has {elf.Length}.");
}
