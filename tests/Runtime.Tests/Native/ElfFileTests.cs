using CsCheck;
using UNetGen.Native;

namespace UNetGen.Runtime.Tests.Native;

public class ElfFileTests
{
    private static readonly Lazy<byte[]> LibTorchSharp = new(() => File.ReadAllBytes(LibtorchFiles.OfThisProgram().Find("LibTorchSharp")!));

    [LinuxFact]
    public void Weakening_changes_one_flag_of_LibTorchSharp_and_nothing_else()
    {
        byte[] original = LibTorchSharp.Value, weakened = [.. original];

        Assert.True(ElfFile.WeakenVersion(weakened, LibtorchFiles.DispensableVersion));

        int changed = Assert.Single(Enumerable.Range(0, original.Length), i => original[i] != weakened[i]);
        Assert.Equal((0, 2), (original[changed], weakened[changed]));
    }

    [LinuxFact]
    public void Weakening_twice_is_weakening_once()
    {
        byte[] once = [.. LibTorchSharp.Value];
        ElfFile.WeakenVersion(once, LibtorchFiles.DispensableVersion);
        byte[] twice = [.. once];
        Assert.True(ElfFile.WeakenVersion(twice, LibtorchFiles.DispensableVersion));
        Assert.Equal(once, twice);
    }

    [LinuxFact]
    public void A_version_that_is_not_asked_for_changes_nothing()
    {
        byte[] library = [.. LibTorchSharp.Value];
        Assert.False(ElfFile.WeakenVersion(library, "GLIBCXX_3.4.3"));
        Assert.Equal(LibTorchSharp.Value, library);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a library")]
    [InlineData("\u007fELF\u0001\u0001 a 32-bit library, or what claims to be one, long enough for a header")]
    public void Another_file_is_refused(string text) =>
        Assert.Throws<InvalidDataException>(() => ElfFile.WeakenVersion(System.Text.Encoding.ASCII.GetBytes(text), "X"));

    [LinuxFact]
    public void A_cut_library_is_refused_or_changed_but_never_read_past_its_end() =>
        Gen.Int[0, LibTorchSharp.Value.Length - 1].Sample(length => OnlyInvalidData(LibTorchSharp.Value[..length]), iter: 200);

    [LinuxFact]
    public void A_library_with_a_garbled_header_is_refused_or_changed_but_never_read_past_its_end()
    {
        // ELF header, program headers, and a few places of the dynamic section and of the version requirements (readelf -lV).
        var place = Gen.OneOf(Gen.Int[0, 700], Gen.Int[0x1d4b18, 0x1d4b18 + 560], Gen.Int[0x3f8f0, 0x3f8f0 + 528]);
        Gen.Select(place, Gen.Byte).Array[1, 8].Sample(
            edits =>
            {
                byte[] library = [.. LibTorchSharp.Value];
                foreach (var (at, value) in edits)
                    library[at] = value;
                OnlyInvalidData(library);
            },
            iter: 1000);
    }

    [LinuxFact]
    public void A_cut_file_is_not_complete()
    {
        using var folder = new TemporaryFolder();
        byte[] library = LibTorchSharp.Value;
        Assert.True(ElfFile.IsComplete(folder.Write("whole.so", library)));
        Assert.False(ElfFile.IsComplete(folder.Write("half.so", library[..(library.Length / 2)])));
        Assert.False(ElfFile.IsComplete(folder.Write("header.so", library[..70])));
        Assert.False(ElfFile.IsComplete(folder.Write("empty.so", [])));
    }

    private static void OnlyInvalidData(byte[] library)
    {
        try
        {
            ElfFile.WeakenVersion(library, LibtorchFiles.DispensableVersion);
        }
        catch (InvalidDataException)
        {
        }
    }
}
