using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using SkiaSharp;
using Tensorboard;

namespace UNetGen.Logging;

/// <summary>
/// What TensorBoard shows of a run: a file of events (<c>events.out.tfevents.*</c>) in a folder. Each event is handed to the operating
/// system when it is written. A file is a sequence of TFRecords: length, masked CRC-32C of the length, an <c>Event</c> as protocol buffer,
/// masked CRC-32C of it (tensorflow/core/lib/io/record_writer). Several threads may write to it at once.
/// </summary>
/// <remarks>
/// TorchSharp brings the messages and a <c>SummaryWriter</c>; that one knows whole seconds and single precision, takes no encoded pictures
/// and can't say that a run was taken up again at an earlier step.
/// </remarks>
public sealed class TensorBoardLog : IDisposable
{
    private const string Prefix = "events.out.tfevents.";
    private const string Version = "brain.Event:2";

    private readonly Lock turn = new();
    private readonly FileStream file;
    private readonly TimeProvider clock;

    /// <summary>
    /// Begins a file of events. Those that are there stay: TensorBoard reads all of a folder, in the order of their names.
    /// </summary>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="continueAfter">
    /// The step that training continues after: TensorBoard forgets what earlier files say of later ones. 0 for a new training.
    /// </param>
    /// <param name="clock">Tells the time; null is the system's clock.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public TensorBoardLog(string folder, int continueAfter = 0, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegative(continueAfter);
        this.clock = clock ?? TimeProvider.System;
        Directory.CreateDirectory(folder);
        // The first part is the time; a file made in the same second, or by a clock that is ahead, is still to come before this one.
        var time = Math.Max(this.clock.GetUtcNow().ToUnixTimeSeconds(), LastTime(folder) + 1);
        file = Begin(folder, time);
        var firstStep = continueAfter + 1;
        Write(new Event { FileVersion = Version, Step = firstStep });
        Write(new Event { SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start }, Step = firstStep });
    }

    /// <summary>Adds a point to a curve.</summary>
    /// <param name="tag">The curve; what stands before a slash groups curves, as in <c>training/loss</c>.</param>
    /// <param name="value">Stored in single precision, as TensorBoard has it.</param>
    /// <param name="step">The step that it belongs to.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Scalar(string tag, double value, int step)
    {
        ArgumentNullException.ThrowIfNull(tag);
        Write(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value }, step);
    }

    /// <summary>Adds a picture.</summary>
    /// <param name="tag">The row of pictures.</param>
    /// <param name="png">A PNG file's content.</param>
    /// <param name="step">The step that it belongs to.</param>
    /// <exception cref="ArgumentException">It is no picture.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Image(string tag, byte[] png, int step)
    {
        ArgumentNullException.ThrowIfNull(tag);
        ArgumentNullException.ThrowIfNull(png);
        using var data = SKData.CreateCopy(png);
        using var codec = SKCodec.Create(data) ?? throw new ArgumentException("These bytes are no picture.", nameof(png));
        const int rgba = 4;
        Write(new Summary.Types.Value
        {
            Tag = tag,
            Image = new Summary.Types.Image
            {
                Width = codec.Info.Width,
                Height = codec.Info.Height,
                Colorspace = rgba,
                EncodedImageString = ByteString.CopyFrom(png),
            },
        }, step);
    }

    /// <summary>Adds a text, which TensorBoard shows as Markdown.</summary>
    /// <param name="tag">What the text is of.</param>
    /// <param name="text">The text.</param>
    /// <param name="step">The step that it belongs to.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public void Text(string tag, string text, int step)
    {
        ArgumentNullException.ThrowIfNull(tag);
        ArgumentNullException.ThrowIfNull(text);
        Write(new Summary.Types.Value
        {
            Tag = tag,
            Metadata = new SummaryMetadata { PluginData = new SummaryMetadata.Types.PluginData { PluginName = "text" } },
            Tensor = new TensorProto
            {
                Dtype = DataType.DtString,
                StringVal = { ByteString.CopyFromUtf8(text) },
                TensorShape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dim { Size = 1 } } },
            },
        }, step);
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private void Write(Summary.Types.Value value, int step) =>
        Write(new Event { Summary = new Summary { Value = { value } }, Step = step });

    /// <summary>Another log of this process may take the same name just now.</summary>
    private static FileStream Begin(string folder, long time)
    {
        while (true)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{time++:D10}.{Environment.MachineName}.{Environment.ProcessId}");
            var path = Path.Combine(folder, name);
            try
            {
                return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
            }
            catch (IOException) when (File.Exists(path))
            {
                // The next second's.
            }
        }
    }

    private void Write(Event content)
    {
        lock (turn)
            WriteNext(content);
    }

    private void WriteNext(Event content)
    {
        content.WallTime = (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;
        const int header = sizeof(long) + sizeof(uint);
        // Into an array of its own: TorchSharp's messages are of an older generator, which writes into no others.
        var data = content.ToByteArray();
        var record = new byte[header + data.Length + sizeof(uint)];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(sizeof(long)), MaskedCrc(record.AsSpan(0, sizeof(long))));
        data.CopyTo(record, header);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(header + data.Length), MaskedCrc(data));
        file.Write(record);
    }

    /// <summary>CRC-32C, masked: the CRC of data that hold CRCs themselves would be a poor one.</summary>
    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    private static long LastTime(string folder) => Directory.EnumerateFiles(folder, Prefix + "*")
        .Select(
            path => long.TryParse(
                Path.GetFileName(path)[Prefix.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
                ? time
                : 0)
        .DefaultIfEmpty().Max();
}
