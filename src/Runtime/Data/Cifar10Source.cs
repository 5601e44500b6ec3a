using UNetGen.Files;

namespace UNetGen.Data;

/// <summary>
/// CIFAR-10's binary version (Krizhevsky 2009): <c>data_batch_1.bin</c> to <c>data_batch_5.bin</c>, records of 3,073 bytes, a label and
/// then 32 x 32 pixels as planes of red, green and blue; the classes' names stand in <c>batches.meta.txt</c>, a line each.
/// </summary>
/// <remarks>Another size than 32 x 32 is cropped to the wanted aspect ratio and scaled; one channel is Rec. 601 luma.</remarks>
public sealed class Cifar10Source : DecodedSource
{
    private const int Side = 32;
    private const int RecordLength = 1 + 3 * Side * Side;
    private const int ClassCount = 10;
    private const string Unpacked = "cifar-10-batches-bin";
    private const string Names = "batches.meta.txt";
    private const string TestBatch = "test_batch.bin";

    private static readonly string[] TrainBatches = [
        .. Enumerable.Range(1, 5).Select(number => FormattableString.Invariant($"data_batch_{number}.bin"))];

    private Cifar10Source(
        string description, IReadOnlyList<byte[]> images, IReadOnlyList<byte> labels, IReadOnlyList<string> classes, int channels,
        int height, int width)
        : base(description, images, labels, classes, channels, height, width)
    {
    }

    /// <summary>What a folder is searched for.</summary>
    internal static string LookedFor => $"{TrainBatches[0]} to {TrainBatches[^1]} (CIFAR-10's binary version)";

    /// <summary>Opens the training images, or the test images where those alone are there.</summary>
    /// <param name="folder">The one that the archive unpacks to, <c>cifar-10-batches-bin</c>, or the one that holds it.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <exception cref="DataException">
    /// A file is missing, can't be read, or doesn't consist of whole records with labels from 0 to 9.
    /// </exception>
    public static Cifar10Source Open(string folder, int channels, int height, int width)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        SourceChecks.CheckTarget(folder, channels, height, width);
        var found = FindIn(folder) ?? throw new DataException($"'{folder}' doesn't hold {LookedFor}.");
        string[] files = TrainBatches.Any(name => File.Exists(Path.Combine(found, name))) ? TrainBatches : [TestBatch];
        if (files.FirstOrDefault(name => !File.Exists(Path.Combine(found, name))) is { } missing)
            throw new DataException(
                $"'{found}' has no {missing}: CIFAR-10's training images are {LookedFor}. Unpack the archive once more.");

        var (images, labels) = (new List<byte[]>(), new List<byte>());
        try
        {
            foreach (var name in files)
                ReadRecords(Path.Combine(found, name), images, labels, channels, height, width);
            return new Cifar10Source(
                $"{Counted.Of(images.Count, "image")} of {ClassCount} classes in {found}", images, labels, ReadNames(found), channels,
                height, width);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{found}' can't be read: {e.Message}", e);
        }
    }

    /// <summary>The folder of the files, which is the one given or lies in it, or null.</summary>
    internal static string? FindIn(string folder) =>
        new[] { folder, Path.Combine(folder, Unpacked) }.FirstOrDefault(
            place => TrainBatches.Append(TestBatch).Any(name => File.Exists(Path.Combine(place, name))));

    private static void ReadRecords(string file, List<byte[]> images, List<byte> labels, int channels, int height, int width)
    {
        using var stream = RegularFile.OpenRead(file);
        var (count, rest) = Math.DivRem(stream.Length, RecordLength);
        if (count == 0 || rest != 0)
            throw new DataException(
                $"'{file}' has {Counted.Of(stream.Length, "byte")}, and whole records of {RecordLength} were expected: it is cut off, or "
                    + "not CIFAR-10's binary version.");
        CheckMemory(file, images.Count + count, channels, height, width);
        var record = new byte[RecordLength];
        for (var i = 0L; i < count; i++)
        {
            stream.ReadExactly(record);
            if (record[0] >= ClassCount)
                throw new DataException(
                    $"'{file}': record {i} has label {record[0]}, and CIFAR-10's are 0 to {ClassCount - 1}. The file is damaged, or not "
                        + "CIFAR-10's binary version.");
            labels.Add(record[0]);
            var planes = record.AsSpan(1);
            images.Add(
                (channels, height, width) == (3, Side, Side)
                    ? planes.ToArray()
                    : ImageFit.FitPlanes(planes, Side, Side, channels, height, width));
        }
    }

    private static string[] ReadNames(string folder)
    {
        var file = Path.Combine(folder, Names);
        if (!File.Exists(file))
            return [.. Enumerable.Range(0, ClassCount).Select(label => FormattableString.Invariant($"{label}"))];
        RegularFile.Require(file);
        var names = File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0).ToArray();
        return names.Length == ClassCount
            ? names
            : throw new DataException($"'{file}' has {Counted.Of(names.Length, "name")}, and CIFAR-10 has {ClassCount} classes.");
    }
}
