using System.Globalization;
using CsCheck;
using UNetGen.Interop;

namespace UNetGen.Runtime.Tests.Interop;

public sealed class InvalidSafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly CultureInfo culture = CultureInfo.CurrentCulture;

    /// <summary>Messages are the same wherever a user sits: also where digits are grouped by points.</summary>
    public InvalidSafetensorsTests() => CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");

    public void Dispose()
    {
        CultureInfo.CurrentCulture = culture;
        folder.Dispose();
    }

    [Theory]
    [InlineData("", "it has 0 bytes, too few")]
    [InlineData("01020304050607", "it has 7 bytes, too few")]
    [InlineData("0000000000000000", "its header isn't valid JSON. It is empty.")]
    [InlineData("01E1F50500000000", "it claims a header of 100,000,001 bytes, but the format allows 100,000,000")]
    [InlineData("FFFFFFFFFFFFFFFF", "it claims a header of 18,446,744,073,709,551,615 bytes")]
    [InlineData("00000000000000807B7D", "it claims a header of 9,223,372,036,854,775,808 bytes")]
    [InlineData("03000000000000007B7D", "it ends too early: its header should have 3 bytes, but the file has 10")]
    [InlineData("03000000000000007B7DFF", "isn't valid JSON")]
    [InlineData("09000000000000007B22FF223A7B7D7D20", "its header isn't valid JSON. A text in it is no valid Unicode.")]
    public void A_file_with_a_wrong_beginning_is_refused(string hex, string problem) => Refused(Convert.FromHexString(hex), problem);

    [Theory]
    [InlineData("[]", 0, "its header isn't a JSON object")]
    [InlineData("{", 0, "its header isn't valid JSON. It ends before all of its brackets are closed.")]
    [InlineData("{\"a\": x}", 0, "its header isn't valid JSON. 'x' is an invalid start of a value. It is at byte 6.")]
    [InlineData("{\"__metadata__\":{},\n\"a\": x}", 0, "'x' is an invalid start of a value. It is at byte 25.")]
    [InlineData("""{"a":3}""", 0, "tensor 'a' has no dtype")]
    [InlineData("""{"a":{}}""", 0, "tensor 'a' has no dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "tensor 'a' has no data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "tensor 'a' has no shape, or not as a list")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""", 4, "tensor 'a' is of type 'F8_E4M3'; known are F64,")]
    [InlineData("""{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4, "tensor 'a' is of type 'f32'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "tensor 'a' has -1 in shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "tensor 'a' has 1.5 in shape")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}""", 4, "tensor 'a' has 99999999999999999999 in shape")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""", 4,
        "tensor 'a' has shape [4294967296, 4294967296], more than any file can hold")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "more than any file can hold")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4,
        "tensor 'a' needs 8 bytes for shape [2] of F32, but its data_offsets [0, 4] span 4")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4,
        "tensor 'a' has data_offsets [4, 0]; they must be a begin and an end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}""", 4, "tensor 'a' has data_offsets [0, 4, 8]")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8,
        "its header has 'a' twice in one object")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8,
        "its header has 'a' twice in one object")]
    [InlineData(
        """{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "its header has 'dtype' twice in one object")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"}}""", 0, "its header has 'k' twice in one object")]
    [InlineData(
        """ {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "its header isn't a JSON object that begins at once, with '{'")]
    [InlineData("\n{}", 0, "its header isn't a JSON object that begins at once")]
    [InlineData("\uFEFF{}", 0, "its header isn't a JSON object that begins at once")]
    [InlineData("{}x", 0, "'x' is invalid after a single JSON value. Expected end of data. It is at byte 2.")]
    [InlineData("{}\0", 0, "isn't valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}""", 0, "tensor 'a' has -0 in shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}""", 4, "tensor 'a' has 1e0 in shape")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "isn't valid JSON")]
    [InlineData("""{"__metadata__":3}""", 0, "__metadata__ isn't a JSON object")]
    [InlineData("""{"__metadata__":{"k":3}}""", 0, "__metadata__ holds 'k', which isn't text")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6,
        "tensor 'b' begins at byte 2 of the data, inside another that ends at 4")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4,
        "tensor 'b' begins at byte 0 of the data, inside another")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[6,10]}}""", 10,
        "tensor 'b' begins at byte 6 of the data and leaves a hole after 4")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8,
        "tensor 'a' begins at byte 4 of the data and leaves a hole after 0")]
    [InlineData(
        """{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", 4,
        "it ends too early: tensor 'a' needs 9,223,372,036,854,775,807 bytes of data, but there are 4")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7,
        "it ends too early: tensor 'a' needs 8 bytes of data, but there are 7")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "its tensors end at byte 8 of the data, but there are 9")]
    [InlineData("{}", 1, "its tensors end at byte 0 of the data, but there are 1")]
    public void A_header_that_lies_is_refused(string json, int dataLength, string problem) =>
        Refused(SafetensorsBytes.Of(json, new byte[dataLength]), problem);

    [Fact]
    public void More_dimensions_than_libtorch_has_are_refused() =>
        Refused(SafetensorsBytes.Of($$$"""{"a":{"dtype":"U8","shape":[{{{string.Join(',', Enumerable.Repeat(1, 65))}}}],"data_offsets":[0,1]}}""", new byte[1]), "tensor 'a' has more than 64 numbers in shape");

    [Fact]
    public void Names_that_are_shown_are_shortened_and_move_no_cursor() =>
        Refused(SafetensorsBytes.Of($$"""{"\u001b[2J{{new string('a', 5000)}}":3}""", []), $"tensor '\u241B[2J{new string('a', 116)}... (5,004 characters)' has no dtype");

    [Fact]
    public void Metadata_beyond_all_measure_are_refused_before_they_are_read()
    {
        var path = folder.Write("large.safetensors", SafetensorsBytes.Of($$$"""{"__metadata__":{"k":"{{{new string('x', 50_000_000)}}}"}}""", []));
        var before = GC.GetAllocatedBytesForCurrentThread();

        var message = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Open(path)).Message;

        Assert.Contains("__metadata__ has 50,000,007 bytes of text, and at most 10,000,000 are read", message);
        // Beside the header's own 50 MB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 60_000_000);
    }

    [Fact]
    public void Metadata_that_could_not_be_read_again_are_not_written() => Assert.Contains(
        "10,000,000 can be read again",
        Assert.Throws<ArgumentException>(
            () => SafetensorsFile.Write(
                folder.File("large.safetensors"), [], new Dictionary<string, string> { ["k"] = new('x', 10_000_000) })).Message);

    [Fact]
    public void A_truth_value_other_than_0_and_1_is_refused() =>
        Refused(
            SafetensorsBytes.Of("""{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}""", [1, 2]),
            "tensor 'a' is of type BOOL, but has bytes other than 0 and 1");

    [LinuxFact]
    public void A_file_that_shrinks_after_it_was_opened_is_refused()
    {
        string path = folder.Write(
            "shrinks.safetensors", SafetensorsBytes.Of("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", new byte[8]));
        using var file = SafetensorsFile.Open(path);
        using (var cut = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Write, Share = FileShare.ReadWrite }))
            cut.SetLength(cut.Length - 1);
        Assert.Throws<SafetensorsException>(file.ReadAll);
    }

    [Fact]
    public void A_cut_file_is_refused_wherever_it_was_cut()
    {
        byte[] whole = Valid();
        for (int length = 0; length < whole.Length; length++)
            Refused(whole[..length], "");
    }

    [Fact]
    public void Mutated_files_are_read_or_refused_and_nothing_else()
    {
        byte[] whole = Valid();
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[1, 6].Sample(
            edits =>
            {
                byte[] mutated = [.. whole];
                foreach (var (at, value) in edits)
                    mutated[at] = value;
                ReadOrRefused(mutated);
            },
            iter: 3000,
            threads: 1);
    }

    [Fact]
    public void Headers_of_shuffled_fragments_are_read_or_refused_and_nothing_else()
    {
        string[] fragments =
        [
            "{", "}", "[", "]", ":", ",", "\"a\"", "\"b\"", "\"__metadata__\"", "\"dtype\":", "\"F32\"", "\"BOOL\"", "\"shape\":",
            "\"data_offsets\":",
            "0", "4", "8", "-1", "1e9", "9223372036854775807", "null", "\"\\ud800\"",
            "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", " ",
        ];
        Gen.Int[0, fragments.Length - 1].Select(i => fragments[i]).Array[0, 12].Sample(
            parts => ReadOrRefused(SafetensorsBytes.Of("{" + string.Concat(parts) + "}", new byte[4])),
            iter: 3000,
            threads: 1);
    }

    private static byte[] Valid() => SafetensorsBytes.Of(
        """{"__metadata__":{"spec":"x"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"f":{"dtype":"BOOL","shape":[2],"data_offsets":[8,10]},"e":{"dtype":"I64","shape":[0],"data_offsets":[10,10]}}""",
        [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 0]);

    private void Refused(byte[] bytes, string problem)
    {
        string path = folder.Write("wrong.safetensors", bytes);
        var refusal = Assert.Throws<SafetensorsException>(() => SafetensorsFile.Read(path));
        Assert.Equal(path, refusal.Path);
        Assert.StartsWith($"{path} is no valid safetensors file: ", refusal.Message);
        Assert.Contains(problem, refusal.Message);
    }

    private void ReadOrRefused(byte[] bytes)
    {
        string path = folder.Write("fuzz.safetensors", bytes);
        try
        {
            foreach (var tensor in SafetensorsFile.Read(path).Tensors.Values)
                tensor.Dispose();
        }
        catch (SafetensorsException)
        {
        }
    }
}
