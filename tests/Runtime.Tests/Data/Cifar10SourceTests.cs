using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

public sealed class Cifar10SourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Records_of_the_five_files_follow_one_another_with_their_labels_and_names()
    {
        for (var number = 1; number <= 5; number++)
            folder.Write(
                $"data_batch_{number}.bin",
                [.. Record(label: number, value: (byte)(10 * number)), .. Record(label: number + 1, value: (byte)(10 * number + 1))]);
        folder.Write("test_batch.bin", Record(label: 0, value: 0));
        folder.Write("batches.meta.txt", "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"u8.ToArray());

        var source = Cifar10Source.Open(folder.Path, 3, 32, 32);
        Assert.Equal([10, 11, 20, 21, 30, 31, 40, 41, 50, 51], Enumerable.Range(0, source.Count).Select(i => Bytes(source, i)[0]));
        Assert.Equal([1, 2, 2, 3, 3, 4, 4, 5, 5, 6], Enumerable.Range(0, source.Count).Select(source.Label));
        Assert.Equal(("airplane", "frog", "truck", 10), (source.Classes[0], source.Classes[6], source.Classes[9], source.Classes.Count));
    }

    [Fact]
    public void Pixels_are_planes_of_red_green_and_blue_row_by_row()
    {
        var record = Record(label: 7, value: 0);
        for (var i = 1; i < record.Length; i++)
            record[i] = (byte)(i * 7);
        folder.Write("test_batch.bin", record);
        Assert.Equal(record[1..].Select(value => (int)value), Bytes(Cifar10Source.Open(folder.Path, 3, 32, 32), 0));
    }

    [Fact]
    public void Another_size_is_scaled_and_grey_is_luma()
    {
        var record = Record(label: 0, value: 0);
        record.AsSpan(1, 1024).Fill(200);
        record.AsSpan(1 + 1024, 1024).Fill(100);
        folder.Write("test_batch.bin", record);
        var half = Bytes(Cifar10Source.Open(folder.Path, 3, 16, 16), 0);
        Assert.Equal((200, 100, 0), (half[0], half[256], half[512]));
        // 0.299 * 200 + 0.587 * 100
        Assert.All(Bytes(Cifar10Source.Open(folder.Path, 1, 64, 64), 0), value => Assert.Equal(119, value));
    }

    [Fact]
    public void Without_the_names_the_classes_are_numbers()
    {
        folder.Write("test_batch.bin", Record(label: 9, value: 0));
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], Cifar10Source.Open(folder.Path, 3, 32, 32).Classes);
    }

    [Fact]
    public void A_missing_file_of_the_five_is_named()
    {
        foreach (var number in new[] { 1, 2, 4, 5 })
            folder.Write($"data_batch_{number}.bin", Record(label: 0, value: 0));
        Assert.Contains("has no data_batch_3.bin", Refusal());
    }

    [Fact]
    public void A_file_that_is_cut_off_or_empty_is_named_with_its_length()
    {
        var file = folder.Write("test_batch.bin", Record(label: 0, value: 0)[..3000]);
        Assert.Contains($"'{file}' has 3,000 bytes, and whole records of 3073 were expected", Refusal());
        folder.Write("test_batch.bin", []);
        Assert.Contains($"'{file}' has 0 bytes", Refusal());
    }

    [Fact]
    public void A_label_beyond_nine_is_named_with_its_record()
    {
        folder.Write("test_batch.bin", [.. Record(label: 9, value: 0), .. Record(label: 10, value: 0)]);
        Assert.Contains("record 1 has label 10", Refusal());
    }

    [Fact]
    public void A_list_of_names_of_another_length_is_refused()
    {
        folder.Write("test_batch.bin", Record(label: 0, value: 0));
        folder.Write("batches.meta.txt", "airplane\nautomobile\n"u8.ToArray());
        Assert.Contains("has 2 names, and CIFAR-10 has 10 classes", Refusal());
    }

    [Fact]
    public void Other_channel_counts_than_grey_and_rgb_and_a_folder_without_the_files_are_refused()
    {
        Assert.Contains("doesn't hold data_batch_1.bin", Refusal());
        Assert.Contains("the network wants 4", Assert.Throws<DataException>(() => Cifar10Source.Open(folder.Path, 4, 32, 32)).Message);
    }

    internal static byte[] Record(int label, byte value)
    {
        var record = new byte[1 + 3 * 32 * 32];
        record.AsSpan(1).Fill(value);
        record[0] = (byte)label;
        return record;
    }

    private string Refusal() => Assert.Throws<DataException>(() => Cifar10Source.Open(folder.Path, 3, 32, 32)).Message;

    private static int[] Bytes(Cifar10Source source, int index)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        source.Read(index, pixels);
        return [.. pixels.Select(value => (int)Math.Round((value + 1) * 127.5))];
    }
}
