using System.Buffers.Binary;
using System.Text;
using CsCheck;
using TorchSharp;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop;

public sealed class SafetensorsFileTests : IDisposable
{
    private static readonly ScalarType[] DTypes =
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64,
        ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
    ];

    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TemporaryFolder folder = new();

    public void Dispose()
    {
        folder.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void What_is_missing_or_no_text_is_told_by_its_name_and_nothing_is_written()
    {
        var path = folder.File("none.safetensors");

        Assert.Equal("The metadata's 'spec' is null: leave it out, or give a text.", Refusal("spec", null!));
        Assert.Equal(
            "The metadata's 'spec' is no valid Unicode, as half of a surrogate pair is none, and a safetensors file holds UTF-8.",
            Refusal("spec", "\ud83d"));
        Assert.StartsWith("A key of the metadata is no valid Unicode", Refusal("\ud83d", "text"));
        Assert.StartsWith(
            "The name of a tensor is no valid Unicode",
            Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(path, [new("\ud83d", ones(1))])).Message);
        Assert.Throws<ArgumentNullException>("tensors", () => SafetensorsFile.Write(path, null!));
        Assert.Throws<ArgumentNullException>("tensors", () => SafetensorsFile.Write(Stream.Null, null!));
        Assert.Throws<ArgumentNullException>("stream", () => SafetensorsFile.Write((Stream)null!, []));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        string Refusal(string key, string text) => Assert.Throws<ArgumentException>(
            () => SafetensorsFile.Write(path, [], new Dictionary<string, string> { [key] = text })).Message;
    }

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        string path = folder.File("golden.safetensors");
        var tensors = new KeyValuePair<string, Tensor>[]
        {
            new("flags", tensor(new[] { true, false, true })),
            new("w", tensor(new[] { 1f, -2f, 0.5f }).reshape(1, 3)),
        };

        SafetensorsFile.Write(path, tensors, new Dictionary<string, string> { ["spec"] = "a: \"ä\"\n", ["format"] = "pt" });

        // The larger elements come first in the data; the header keeps the caller's order.
        const string Json = """
            {"__metadata__":{"format":"pt","spec":"a: \"ä\"\n"},"flags":{"dtype":"BOOL","shape":[3],"data_offsets":[12,15]},"w":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]}}
            """;
        byte[] data = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f, 1, 0, 1];
        byte[] json = Encoding.UTF8.GetBytes(Json);
        byte[] padding = Encoding.ASCII.GetBytes(new string(' ', (8 - json.Length % 8) % 8));
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length + padding.Length);
        Assert.Equal<byte>([.. length, .. json, .. padding, .. data], File.ReadAllBytes(path));
    }

    [Fact]
    public void A_file_written_by_hand_is_read()
    {
        string path = Write("""{"a":{"dtype":"I32","shape":[2],"data_offsets":[2,10]}, "__metadata__":{"k":"v"}, "b":{"data_offsets":[0,2],"shape":[],"dtype":"BF16"}}   """,
            [0x80, 0x3f, 7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);

        var (tensors, metadata) = SafetensorsFile.Read(path);

        Assert.Equal(["a", "b"], tensors.Keys);
        Assert.Equal([7, -1], tensors["a"].data<int>().ToArray());
        Assert.Equal(
            (ScalarType.BFloat16, 0L, 1f),
            (tensors["b"].dtype, tensors["b"].dim(), tensors["b"].to_type(ScalarType.Float32).item<float>()));
        Assert.Equal("v", Assert.Contains("k", metadata));
    }

    [Fact]
    public void What_was_written_is_read_again_bit_for_bit()
    {
        var shape = Gen.Long[0, 4].Array[0, 4];
        var tensors =
            Gen.Select(
                Gen.String[Gen.Char['\u0001', '\ud7ff'], 0, 8],
                Gen.Select(Gen.Int[0, DTypes.Length - 1].Select(i => DTypes[i]), shape)).Array[0, 8];
        var metadata =
            Gen.Dictionary(Gen.String[Gen.Char['\u0001', '\ud7ff'], 0, 8], Gen.String[Gen.Char['\u0001', '\ud7ff'], 0, 20])[0, 3];
        string path = folder.File("roundtrip.safetensors");
        Gen.Select(tensors, metadata).Sample(
            (specs, texts) =>
            {
                using var local = NewDisposeScope();
                var written = specs.DistinctBy(spec => spec.Item1)
                    .Select(spec => KeyValuePair.Create(spec.Item1, RandomBits(spec.Item2.Item1, spec.Item2.Item2))).ToArray();
                SafetensorsFile.Write(path, written, texts);
                var (read, readTexts) = SafetensorsFile.Read(path);
                Assert.Equal(written.Select(pair => pair.Key), read.Keys);
                foreach (var (name, tensor) in written)
                {
                    Assert.Equal(tensor.dtype, read[name].dtype);
                    Assert.Equal(tensor.shape, read[name].shape);
                    Assert.Equal(Bytes(tensor), Bytes(read[name]));
                }
                Assert.Equal(texts.OrderBy(pair => pair.Key, StringComparer.Ordinal), readTexts);
            },
            iter: 100,
            threads: 1);
    }

    [Fact]
    public void Every_tensor_lies_aligned_to_its_elements()
    {
        string path = folder.File("aligned.safetensors");
        SafetensorsFile.Write(
            path,
            [new("a", ones(3, dtype: uint8)), new("b", ones(1, dtype: float16)), new("c", ones(1, dtype: float64)), new("d", ones(3))]);
        using var file = SafetensorsFile.Open(path);
        long dataStart = new FileInfo(path).Length - file.Entries.Max(entry => entry.Offset + entry.Length);
        Assert.All(file.Entries, entry => Assert.Equal(0, (dataStart + entry.Offset) % entry.DType.ElementSize()));
        Assert.Equal(["a", "b", "c", "d"], file.Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void A_view_is_written_as_it_looks_and_a_parameter_as_its_value()
    {
        var transposed = arange(6, dtype: float32).reshape(2, 3).t();
        var channelsLast = arange(24, dtype: float32).reshape(1, 2, 3, 4).permute(0, 3, 1, 2);
        var parameter = new TorchSharp.Modules.Parameter(ones(2));
        string path = folder.File("views.safetensors");
        SafetensorsFile.Write(path, [new("t", transposed), new("c", channelsLast), new("p", parameter)]);
        var (tensors, _) = SafetensorsFile.Read(path);
        Assert.Equal([0, 3, 1, 4, 2, 5], tensors["t"].data<float>().ToArray());
        Assert.Equal(channelsLast.contiguous().data<float>().ToArray(), tensors["c"].data<float>().ToArray());
        Assert.False(tensors["p"].requires_grad);
        Assert.True(parameter.requires_grad);
    }

    [Fact]
    public void A_tensor_of_several_pieces_keeps_its_order()
    {
        var large = arange(SafetensorsFile.ChunkBytes / 8 * 5 / 2, dtype: int64);
        string path = folder.File("large.safetensors");
        SafetensorsFile.Write(path, [new("large", large)]);
        Assert.True(SafetensorsFile.Read(path).Tensors["large"].eq(large).all().item<bool>());
    }

    [Fact]
    public void The_same_content_gives_the_same_bytes()
    {
        var tensors = new Dictionary<string, Tensor> { ["b"] = ones(2), ["a"] = zeros(3, dtype: int64) };
        SafetensorsFile.Write(folder.File("1"), tensors, new Dictionary<string, string> { ["x"] = "1", ["y"] = "2" });
        SafetensorsFile.Write(folder.File("2"), tensors, new Dictionary<string, string> { ["y"] = "2", ["x"] = "1" });
        Assert.Equal(File.ReadAllBytes(folder.File("1")), File.ReadAllBytes(folder.File("2")));
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        string path = folder.File("kept.safetensors");
        SafetensorsFile.Write(path, [new("a", ones(2))]);
        byte[] before = File.ReadAllBytes(path);
        // A tensor without data, which shows only when it is its turn to be written.
        var tensors = new KeyValuePair<string, Tensor>[] { new("a", zeros(2)), new("b", empty(2, device: META)) };
        Assert.ThrowsAny<Exception>(() => SafetensorsFile.Write(path, tensors));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Names_that_are_twice_there_reserved_or_invalid_and_unknown_types_are_not_written()
    {
        string path = folder.File("refused.safetensors");
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(path, [new("a", ones(1)), new("a", ones(1))]));
        Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(path, [new("__metadata__", ones(1))]));
        Assert.ThrowsAny<ArgumentException>(() => SafetensorsFile.Write(path, [new("half a pair \ud83d", ones(1))]));
        Assert.ThrowsAny<ArgumentException>(() => SafetensorsFile.Write(path, [], new Dictionary<string, string> { ["spec"] = "\ud83d" }));
        Assert.Contains(
            "'z'", Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(path, [new("z", zeros(1, dtype: complex64))])).Message);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Tensors_without_numbers_of_their_own_are_refused_and_not_written()
    {
        using var scope = NewDisposeScope();
        var path = folder.File("refused.safetensors");
        Assert.StartsWith("Tensor 'a' is on the device meta, so that it has a shape and no numbers.", Refusal(ones(3, device: META)));
        Assert.StartsWith("Tensor 'a' is sparse: give its `to_dense()`.", Refusal(ones(3).to_sparse()));
        Assert.StartsWith("Tensor 'a' is null.", Refusal(null!));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));

        string Refusal(Tensor values) =>
            Assert.Throws<ArgumentException>("tensors", () => SafetensorsFile.Write(path, [new("a", values)])).Message;
    }

    [Fact]
    public void An_entry_of_another_file_is_refused_and_one_of_the_same_opened_twice_is_read()
    {
        using var scope = NewDisposeScope();
        SafetensorsFile.Write(folder.File("a.safetensors"), [new("a", ones(3))]);
        SafetensorsFile.Write(folder.File("b.safetensors"), [new("a", ones(4))]);
        using var file = SafetensorsFile.Open(folder.File("a.safetensors"));
        using var again = SafetensorsFile.Open(folder.File("a.safetensors"));
        using var other = SafetensorsFile.Open(folder.File("b.safetensors"));

        Assert.Equal([3], file.Read(again.Entries[0]).shape);
        Assert.StartsWith(
            $"{file.Path} has no tensor 'a' as the entry describes it: give one of its own `Entries`.",
            Assert.Throws<ArgumentException>("entry", () => file.Read(other.Entries[0])).Message);
        Assert.Throws<ArgumentNullException>("entry", () => file.Read(null!));
    }

    [Fact]
    public void A_missing_file_is_an_IO_error_of_the_ordinary_kind() =>
        Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(folder.File("missing.safetensors")));

    [Fact]
    public void Reading_and_writing_leave_no_tensors_behind()
    {
        string path = folder.File("leak.safetensors");
        var tensors = new Dictionary<string, Tensor> { ["a"] = ones(2, 3).t(), ["b"] = ones(4) };
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        SafetensorsFile.Write(path, tensors);
        foreach (var tensor in SafetensorsFile.Read(path).Tensors.Values)
            tensor.Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    /// <summary>Any bits, NaNs included; truth values are 0 or 1.</summary>
    private static Tensor RandomBits(ScalarType dtype, long[] shape)
    {
        var tensor = empty(shape, dtype: dtype);
        if (tensor.numel() > 0)
        {
            new System.Random(0).NextBytes(tensor.bytes);
            if (dtype == ScalarType.Bool)
                foreach (ref byte value in tensor.bytes)
                    value &= 1;
        }
        return tensor;
    }

    private static byte[] Bytes(Tensor tensor) => tensor.numel() == 0 ? [] : tensor.flatten().bytes.ToArray();

    private string Write(string json, byte[] data) => SafetensorsBytes.Write(folder, json, data);
}
