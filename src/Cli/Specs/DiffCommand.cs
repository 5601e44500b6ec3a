using System.CommandLine;
using Spectre.Console;
using UNetGen.Cli.Runs;
using UNetGen.Interop;
using YamlDotNet.RepresentationModel;

namespace UNetGen.Cli.Specs;

/// <summary>What differs between two networks, and whether the weights of one load into the other.</summary>
internal static class DiffCommand
{
    // Of tensors with other values, so many are named.
    private const int MostNamed = 5;

    private const string Nothing = "-";

    public static Command AddTo(Command command)
    {
        Argument<string> Side(string name) => new(name)
        {
            Description = "A .unet.yaml file, a network's name, a run, a checkpoint, or a .safetensors file.",
        };
        var (before, after) = (Side("A"), Side("B"));
        command.Add(before);
        command.Add(after);
        command.SetAction(parsed => Show(Compare(parsed.GetRequiredValue(before), parsed.GetRequiredValue(after))));
        return command;
    }

    private static Compared Compare(string one, string other) =>
        NamedSpec.Read(one, before => NamedSpec.Read(other, after =>
        {
            var areWeights = before.Checkpoint is not null && after.Checkpoint is not null;
            var (first, second) = (Side.Of(before), Side.Of(after));
            // A spec knows nothing of what they have added.
            var leavesOut = !areWeights && (first.HasOwnCode || second.HasOwnCode);
            var otherValues = areWeights ? OtherValues(before, after) : [];
            return new Compared(before, after, new(second.Forms(leavesOut), first.Forms(leavesOut)), otherValues, leavesOut);
        }));

    /// <returns>As of other programs that compare: 0 where nothing differs, else 1.</returns>
    private static int Show(Compared compared)
    {
        var (before, after, comparison, otherValues, leavesOwnOut) = compared;
        var rows = Differences(Values(before), Values(after)).ToArray();
        if (rows.Length == 0)
        {
            var parameters = HasOwnBlocks(before)
                ? $"{before.Info.Levels.Sum(level => level.Parameters):N0} parameters beside blocks of your own"
                : $"{before.Info.ParameterCount:N0} parameters";
            AnsiConsole.MarkupLineInterpolated($"{before.Origin} and {after.Origin} are the same network ({parameters}).");
        }
        else
        {
            var table = new Table().Border(TableBorder.Horizontal)
                .AddColumns("key", Markup.Escape(before.Origin), Markup.Escape(after.Origin));
            foreach (var (key, one, other) in rows)
                table.AddRow(Markup.Escape(key), Markup.Escape(one), Markup.Escape(other));
            AnsiConsole.Write(table);
        }
        AnsiConsole.WriteLine(Weights(comparison, isSame: rows.Length == 0));
        if (leavesOwnOut)
            AnsiConsole.WriteLine("What blocks and hooks of your own hold is in no spec, and not compared.");
        if (otherValues.Length > 0)
        {
            var more = otherValues.Length > MostNamed ? $" and {otherValues.Length - MostNamed} more" : "";
            AnsiConsole.WriteLine($"Other values: {string.Join(", ", otherValues.Take(MostNamed))}{more}.");
        }
        return rows.Length + otherValues.Length > 0 || !comparison.Fits ? 1 : 0;
    }

    /// <summary>Every value of the effective spec, and what follows from it.</summary>
    private static OrderedDictionary<string, string> Values(NamedSpec spec)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(spec.Info.Spec));
        return new(PlainYaml.Flat("", yaml.Documents[0].RootNode).Select(pair => KeyValuePair.Create(pair.Key, pair.Value)));
    }

    private static IEnumerable<(string Key, string Before, string After)> Differences(
        OrderedDictionary<string, string> before, OrderedDictionary<string, string> after) =>
        from key in before.Keys.Union(after.Keys)
        let one = before.GetValueOrDefault(key, Nothing)
        let other = after.GetValueOrDefault(key, Nothing)
        where one != other
        select (key, one, other);

    private static string Weights(StateDictComparison comparison, bool isSame)
    {
        string[] differing = [.. comparison.Missing, .. comparison.Unexpected, .. comparison.OfOtherShape, .. comparison.OfOtherType];
        return differing switch
        {
            [] when isSame => "Weights of one load into the other.",
            [] => $"All {comparison.Expected.Count} tensors have the same keys and shapes: `train --init-from` begins with these weights.",
            _ when differing.All(Training.Checkpoint.IsOfClasses) =>
                $"All tensors but {string.Join(", ", differing)} are the same: `train --init-from` begins with these weights.",
            _ => $"Weights don't load: {StateDictReport.Write(comparison)}",
        };
    }

    /// <summary>Of two checkpoints, the tensors of one shape that have other numbers.</summary>
    private static string[] OtherValues(NamedSpec before, NamedSpec after)
    {
        using var one = before.Checkpoint!.Weights(null);
        using var other = after.Checkpoint!.Weights(null);
        var others = other.Entries.ToDictionary(entry => entry.Name);
        return
        [
            .. from entry in one.Entries
               where others.TryGetValue(entry.Name, out var same) && same.DType == entry.DType && same.Shape.SequenceEqual(entry.Shape)
                   && !one.ReadBytes(entry).AsSpan().SequenceEqual(other.ReadBytes(same))
               select entry.Name,
        ];
    }

    private static bool HasOwnBlocks(NamedSpec spec) => spec.Info.StateDict.OpenPrefixes.Count > 0;

    /// <summary>The tensors that there are in a checkpoint, else those that the spec has.</summary>
    /// <param name="Spec">What it is of.</param>
    /// <param name="Tensors">All of them.</param>
    /// <param name="HasOwnCode">Whether blocks or hooks of one's own may have added some, of which no spec says anything.</param>
    private sealed record Side(NamedSpec Spec, IReadOnlyList<(string Key, TensorForm Form)> Tensors, bool HasOwnCode)
    {
        public static Side Of(NamedSpec spec)
        {
            var hasOwnBlocks = HasOwnBlocks(spec);
            if (spec.Checkpoint is not { } trained)
                return new(
                    spec, [.. spec.Info.StateDict.Select(entry => (entry.Key, new TensorForm(entry.DType, entry.Shape)))], hasOwnBlocks);
            using var file = trained.Weights(null);
            TensorSum.Check(file);
            return new(
                spec, [.. file.Entries.Select(entry => (entry.Name, new TensorForm(entry.DType, entry.Shape)))],
                hasOwnBlocks || NetworkMetadata.HooksOf(file).Count > 0);
        }

        /// <param name="ofSpecAlone">Leaves out what the spec doesn't say.</param>
        public IEnumerable<(string Key, TensorForm Form)> Forms(bool ofSpecAlone) =>
            ofSpecAlone ? Tensors.IntersectBy(Spec.Info.StateDict.Select(entry => entry.Key), tensor => tensor.Key) : Tensors;
    }

    /// <summary>Two sides, the tensors of both, and which of them have other numbers.</summary>
    private sealed record Compared(
        NamedSpec Before, NamedSpec After, StateDictComparison Tensors, string[] OtherValues, bool LeavesOwnOut);
}
