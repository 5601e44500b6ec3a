using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using TorchSharp;
using UNetGen.Distributed;
using UNetGen.Files;

namespace UNetGen.Logging;

/// <summary>
/// Where a run was begun or taken up again: a line of its <c>starts.jsonl</c>. A week of training may see several machines and versions.
/// </summary>
/// <param name="Date">When, with the offset from UTC.</param>
/// <param name="AfterStep">The step that it went on from; 0 at the beginning.</param>
/// <param name="Machine">The machine's name.</param>
/// <param name="OperatingSystem">Its name and version.</param>
/// <param name="Processor">The processor's name, or its architecture where the system doesn't say.</param>
/// <param name="ProcessorCount">Processors that this process may use.</param>
/// <param name="Threads">Threads of libtorch within an operation.</param>
/// <param name="Device">Where the network lies, as <c>cpu</c> or <c>cuda:0</c>.</param>
/// <param name="Dotnet">The version of .NET.</param>
/// <param name="Torchsharp">The version of TorchSharp.</param>
/// <param name="Unetgen">The version of this library.</param>
/// <param name="Ranks">Processes that train together; machine, processor, threads and device are rank 0's.</param>
/// <param name="Collective">By what they speak (<see cref="ICollective.Description"/>).</param>
/// <param name="EffectiveBatchSize">Images in a step, over all ranks; null in files of earlier versions.</param>
/// <param name="InitFrom">The weights that the run began with, as its options name them; null in files of earlier versions.</param>
internal sealed record RunStart(
    DateTimeOffset Date, int AfterStep, string Machine, string OperatingSystem, string Processor, int ProcessorCount, int Threads,
    string Device,
    string Dotnet, string Torchsharp, string Unetgen, int Ranks = 1, string? Collective = null, int? EffectiveBatchSize = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? InitFrom = null)
{
    /// <summary>This process, now.</summary>
    /// <param name="device">Where the network lies.</param>
    /// <param name="afterStep">The step that training goes on from.</param>
    /// <param name="clock">Tells the time; null is the system's clock.</param>
    /// <param name="collective">The processes that train together; null is this one alone.</param>
    /// <param name="effectiveBatchSize">Images in a step, over all of them.</param>
    /// <param name="initFrom">The weights that the run began with.</param>
    public static RunStart Now(
        torch.Device device, int afterStep = 0, TimeProvider? clock = null, ICollective? collective = null,
        int? effectiveBatchSize = null, string? initFrom = null) => new(
        (clock ?? TimeProvider.System).GetLocalNow(), afterStep, Environment.MachineName, RuntimeInformation.OSDescription, ProcessorName(),
        Environment.ProcessorCount,
        torch.get_num_threads(), device.ToString(), Environment.Version.ToString(), VersionOf(typeof(torch)), VersionOf(typeof(RunStart)),
        collective?.Size ?? 1, collective?.Description, effectiveBatchSize, initFrom);

    /// <summary>Adds the line to a run's file, which is made where it is missing.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void AppendTo(string path)
    {
        var before = File.Exists(path) ? RegularFile.ReadSmall(path) : [];
        // On a line of its own, even where the last one was cut off.
        var separator = before is [] or [.., (byte)'\n'] ? "" : "\n";
        var line = Encoding.UTF8.GetBytes(separator + JsonSerializer.Serialize(this, LogJson.Default.RunStart) + "\n");
        // Anew, not added to: a copy of the run's folder may share the file itself (hard links).
        AtomicFile.Write(path, stream => stream.Write([.. before, .. line]));
    }

    /// <summary>All starts that a file tells of, in their order; lines that are none, such as one that was cut off, are left out.</summary>
    /// <param name="path">The file.</param>
    /// <param name="damaged">Told, in a sentence, which lines are none.</param>
    /// <exception cref="IOException">There is no such file, or it can't be read.</exception>
    public static IReadOnlyList<RunStart> Read(string path, Action<string>? damaged = null)
    {
        var (starts, lost) = (new List<RunStart>(), new List<int>());
        foreach (var (index, line) in Encoding.UTF8.GetString(RegularFile.ReadSmall(path)).Split('\n').Index())
        {
            if (Parse(line) is { } start)
                starts.Add(start);
            else if (line.Length > 0)
                lost.Add(index + 1);
        }
        if (lost.Count > 0)
            damaged?.Invoke(
                $"{path}: {Counted.Of(lost.Count, "line")} can't be read and "
                + $"{(lost.Count == 1 ? "is" : "are")} left out; the first is line {lost[0]}.");
        return starts;
    }

    private static RunStart? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, LogJson.Default.RunStart);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string ProcessorName()
    {
        const string linux = "/proc/cpuinfo";
        var line = File.Exists(linux)
            ? File.ReadLines(linux).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
