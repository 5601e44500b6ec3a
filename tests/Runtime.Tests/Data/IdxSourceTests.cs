using System.Buffers.Binary;
using System.IO.Compression;
using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

public sealed class IdxSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Bytes_become_values_from_minus_one_to_one_in_the_file_s_order()
    {
        var file = folder.Write("images", Idx(2, 2, 3, 0, 51, 102, 153, 204, 255, 255, 0, 0, 0, 0, 0));
        var source = IdxSource.Open(file, 1, 2, 3);
        Assert.Equal((2, 1, 2, 3), (source.Count, source.Channels, source.Height, source.Width));
        AssertClose([-1f, -0.6f, -0.2f, 0.2f, 0.6f, 1f], Read(source, 0));
        AssertClose([1f, -1f, -1f, -1f, -1f, -1f], Read(source, 1));
    }

    [Fact]
    public void A_gzipped_file_is_known_by_its_content_and_reads_the_same()
    {
        var idx = Idx(1, 2, 2, 1, 2, 3, 4);
        var plain = IdxSource.Open(folder.Write("a", idx), 1, 2, 2);
        var zipped = IdxSource.Open(folder.Write("b", Gzip(idx)), 1, 2, 2);
        Assert.Equal(Read(plain, 0), Read(zipped, 0));
    }

    [Fact]
    public void Mnist_digits_keep_every_pixel_and_are_padded_to_32()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");
        var digits = IdxSource.Open(folder, 1, 28, 28);
        var padded = IdxSource.Open(folder, 3, 32, 32);
        Assert.Equal((1000, 1000), (digits.Count, padded.Count));

        using var stream = new GZipStream(File.OpenRead(Path.Combine(folder, "train-images-idx3-ubyte.gz")), CompressionMode.Decompress);
        var raw = new byte[16 + 28 * 28];
        stream.ReadExactly(raw);
        var digit = Read(digits, 0);
        AssertClose(raw.Skip(16).Select(value => value / 127.5f - 1), digit);

        var rgb = Read(padded, 0);
        for (var c = 0; c < 3; c++)
        {
            for (var i = 0; i < 32 * 32; i++)
            {
                var (y, x) = (i / 32 - 2, i % 32 - 2);
                Assert.Equal(y is >= 0 and < 28 && x is >= 0 and < 28 ? digit[y * 28 + x] : -1f, rgb[c * 1024 + i]);
            }
        }
    }

    [Fact]
    public void Another_size_is_scaled_and_keeps_the_mean()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");
        var digits = IdxSource.Open(folder, 1, 28, 28);
        var half = IdxSource.Open(folder, 1, 14, 14);
        var twice = IdxSource.Open(folder, 1, 56, 56);
        for (var i = 0; i < 20; i++)
        {
            var mean = Read(digits, i).Average();
            Assert.InRange(Read(half, i).Average(), mean - 0.01, mean + 0.01);
            Assert.InRange(Read(twice, i).Average(), mean - 0.01, mean + 0.01);
        }
    }

    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "empty", [], "has 0" },
        { "half a header", Idx(1, 2, 2)[..9], "16 bytes of header, and it has 9" },
        { "labels", [0, 0, 8, 1, 0, 0, 0, 1, 5, 0, 0, 0, 0, 0, 0, 0], "labels" },
        { "floats", [0, 0, 0x0D, 3, .. Idx(1, 2, 2, 1, 2, 3, 4)[4..]], "not of bytes" },
        { "four dimensions", [0, 0, 8, 4, .. Idx(1, 2, 2, 1, 2, 3, 4)[4..]], "4 dimensions instead of 3" },
        { "little-endian", [3, 8, 0, 0, .. Idx(1, 2, 2, 1, 2, 3, 4)[4..]], "0x03080000, where an IDX file of images has 0x00000803" },
        { "text", "Hello, I am not an image."u8.ToArray(), "not an IDX file" },
        { "no images", Idx(0, 28, 28), "0 images of 28 x 28" },
        { "no pixels", Idx(5, 0, 28), "5 images of 0 x 28" },
        { "sides beyond reason", Idx(1, 70000, 70000), "1 image of 70000 x 70000" },
        { "cut off", Idx(3, 2, 2, 1, 2, 3, 4, 5), "3 images of 2 x 2 take 28 bytes, and it has 21" },
        { "too long", Idx(1, 2, 2, 1, 2, 3, 4, 5), "1 image of 2 x 2 takes 20 bytes, and more follow" },
        { "a count that is a lie", Idx(2_000_000, 28, 28, 1, 2, 3), "take 1568000016 bytes, and it has 19" },
        { "cut off inside gzip", Gzip(Idx(3, 2, 2, 1, 2, 3, 4, 5)), "take 28 bytes, and it has 21" },
        { "damaged gzip", [0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "gzip" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_bad_file_is_refused_with_its_name_and_the_numbers(string name, byte[] content, string expected)
    {
        var file = folder.Write(name, content);
        var error = Assert.Throws<DataException>(() => IdxSource.Open(file, 1, 4, 4));
        Assert.Contains($"'{file}'", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void A_gzip_file_that_was_cut_off_is_refused()
    {
        var whole = Gzip(Idx(100, 4, 4, Enumerable.Range(0, 1600).Select(i => (byte)(i * i * 31 >> 3)).ToArray()));
        // Without the last eight bytes, the checksum and the length, every pixel is still there.
        for (var length = 2; length < whole.Length - 16; length += 37)
        {
            var file = folder.Write("images.gz", whole[..length]);
            Assert.Contains(file, Assert.Throws<DataException>(() => IdxSource.Open(file, 1, 4, 4)).Message);
        }
        for (var missing = 1; missing <= 8; missing++)
        {
            var file = folder.Write("images.gz", whole[..^missing]);
            Assert.Contains("is not a whole gzip file", Assert.Throws<DataException>(() => IdxSource.Open(file, 1, 4, 4)).Message);
        }
    }

    [Fact]
    public void A_gzip_file_with_a_changed_byte_is_refused()
    {
        var damaged = Gzip(Idx(100, 4, 4, Enumerable.Range(0, 1600).Select(i => (byte)(i * i * 31 >> 3)).ToArray()));
        damaged[^6] ^= 1; // of the checksum: the pixels decode, and are not those that were packed
        var file = folder.Write("images.gz", damaged);
        Assert.Matches(
            "is not a whole gzip file: .*(crc|CRC).*Fetch it once more",
            Assert.Throws<DataException>(() => IdxSource.Open(file, 1, 4, 4)).Message);
    }

    [Fact]
    public void Labels_come_from_the_file_beside_and_name_the_classes()
    {
        var digits = IdxSource.Open(Path.Combine(AppContext.BaseDirectory, "Data", "mnist"), 1, 28, 28);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], digits.Classes);
        // The file's first digits, read by eye.
        Assert.Equal([9, 8, 6, 6, 1, 3, 8, 3, 5, 1], Enumerable.Range(0, 10).Select(digits.Label));
        Assert.Contains("1,000 images", digits.Description);
        Assert.Contains("of 10 classes", digits.Description);
        Assert.Throws<ArgumentOutOfRangeException>(() => digits.Label(1000));
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte", true)]
    [InlineData("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte", true)]
    [InlineData("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz", true)]
    [InlineData("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte", true)]
    [InlineData("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte", false)]
    [InlineData("digits", "labels", false)]
    public void The_labels_file_is_told_by_its_name_and_zipped_or_not(string images, string labels, bool found)
    {
        var file = folder.Write(images, Idx(3, 1, 1, 1, 2, 3));
        folder.Write(labels, labels.EndsWith(".gz") ? Gzip(Labels(2, 0, 4)) : Labels(2, 0, 4));
        var source = IdxSource.Open(file, 1, 1, 1);
        Assert.Equal(found ? ["0", "1", "2", "3", "4"] : [], source.Classes);
        if (found)
            Assert.Equal([2, 0, 4], Enumerable.Range(0, 3).Select(source.Label));
        else
            Assert.Throws<InvalidOperationException>(() => source.Label(0));
    }

    public static TheoryData<byte[], string> BadLabels => new()
    {
        { Labels(1, 2), "has 2 labels, and" },
        { Labels(1, 2, 3)[..9], "is cut off: 3 labels take 11 bytes, and it has 9" },
        { [.. Labels(1, 2, 3), 4], "is too long: 3 labels take 11 bytes" },
        { Idx(3, 1, 1, 1, 2, 3), "starts with 0x00000803, where an IDX file of labels has 0x00000801. That is a file of images." },
        { [], "is cut off: an IDX file of labels starts with 8 bytes of header, and it has 0" },
    };

    [Theory]
    [MemberData(nameof(BadLabels))]
    public void A_bad_labels_file_is_refused_with_its_name(byte[] content, string expected)
    {
        var file = folder.Write("train-images-idx3-ubyte", Idx(3, 1, 1, 1, 2, 3));
        var labels = folder.Write("train-labels-idx1-ubyte", content);
        var error = Assert.Throws<DataException>(() => IdxSource.Open(file, 1, 1, 1));
        Assert.Contains($"'{labels}'", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Of_a_folder_the_training_images_are_taken_and_the_test_images_where_those_are_missing()
    {
        folder.Write("t10k-images-idx3-ubyte.gz", Gzip(Idx(2, 1, 1, 5, 6)));
        Assert.Equal(2, IdxSource.Open(folder.Path, 1, 1, 1).Count);
        folder.Write("train-images.idx3-ubyte", Idx(1, 1, 1, 1));
        folder.Write("train-labels.idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 1, 2]);
        Assert.Equal(3, IdxSource.Open(folder.Path, 1, 1, 1).Classes.Count);
        folder.Write("train-images-idx3-ubyte", Idx(3, 1, 1, 1, 2, 3));
        Assert.Equal(3, IdxSource.Open(folder.Path, 1, 1, 1).Count);
    }

    [Fact]
    public void Other_channel_counts_than_grey_and_rgb_are_refused()
    {
        var file = folder.Write("images", Idx(1, 2, 2, 1, 2, 3, 4));
        Assert.Contains("the network wants 4", Assert.Throws<DataException>(() => IdxSource.Open(file, 4, 2, 2)).Message);
    }

    [Fact]
    public void A_set_that_cannot_fit_into_memory_is_refused_before_it_is_read()
    {
        var file = folder.Write("images", Idx(uint.MaxValue, 28, 28));
        Assert.Contains("of memory", Assert.Throws<DataException>(() => IdxSource.Open(file, 3, 1024, 1024)).Message);
    }

    internal static byte[] Idx(uint count, uint rows, uint columns, params byte[] pixels)
    {
        var file = new byte[16 + pixels.Length];
        BinaryPrimitives.WriteUInt32BigEndian(file, 0x803);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4), count);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(8), rows);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(12), columns);
        pixels.CopyTo(file, 16);
        return file;
    }

    private static byte[] Labels(params byte[] labels) => [0, 0, 8, 1, 0, 0, 0, (byte)labels.Length, .. labels];

    private static byte[] Gzip(byte[] content)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Optimal))
            gzip.Write(content);
        return memory.ToArray();
    }

    private static float[] Read(IdxSource source, int index)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        source.Read(index, pixels);
        return pixels;
    }

    private static void AssertClose(IEnumerable<float> expected, float[] actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
}
