using Spectre.Console;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Cli.Runs;

/// <summary>Another training's weights, with which a run begins: what <c>--init-from</c> names.</summary>
internal sealed class FirstWeights
{
    private readonly Checkpoint trained;
    private readonly bool tells;

    private FirstWeights(Checkpoint trained, bool tells) => (this.trained, this.tells) = (trained, tells);

    /// <summary>The checkpoint, or the file, that the weights are of.</summary>
    public string Path => trained.Path;

    /// <summary>Opens what a run begins with; null: weights are drawn.</summary>
    /// <exception cref="UNetGenException">There is no such checkpoint.</exception>
    public static FirstWeights? Open(string path, ICollective ranks)
    {
        var tells = ranks.Rank == 0;
        if (path != TextFormat.None)
        {
            if (!System.IO.Path.Exists(path))
                throw new UNetGenException($"--init-from: there is nothing at {path}{ImageSources.SeenFrom(path)}.");
            return new(TrainedWeights.Open(path, tells ? Warnings.Show : _ => { }), tells);
        }
        if (tells && System.IO.Path.Exists(path))
            Warnings.Show($"--init-from {path} is the word for no weights; what is called so in this folder is --init-from ./{path}.");
        return null;
    }

    /// <summary>Puts the weights into the network, and says what is otherwise than it was in the training that they are of.</summary>
    /// <exception cref="UNetGenException">They don't fit.</exception>
    public void LoadInto(NoisePredictor network)
    {
        var differences = Differences(network);
        if (!tells)
            return;
        foreach (var difference in differences)
            Warnings.Show(difference);
        AnsiConsole.MarkupLineInterpolated($"begins with the weights of [blue]{Path}[/]");
    }

    private IReadOnlyList<string> Differences(NoisePredictor network)
    {
        try
        {
            return trained.Begin(network);
        }
        catch (StateDictException error)
        {
            throw new UNetGenException($"--init-from {Path} can't be begun with: {error.Message}", error);
        }
    }

    /// <summary>As many classes take over the embeddings of others, one by one, and only a person knows whether that is meant.</summary>
    public void WarnOfOtherClasses(NetworkInfo network, IImageSource source)
    {
        if (!tells || network.NumClasses is not { } classes || trained.Classes is not { Count: > 0 } before
            || !trained.HasClasses(classes) || before.SequenceEqual(source.Classes))
            return;
        var at = Enumerable.Range(0, classes).First(label => NameOf(label, before) != NameOf(label, source.Classes));
        Warnings.Show($"the classes aren't those of {Path}: {NameOf(at, source.Classes)} begins as {NameOf(at, before)}, "
            + "and so each with the embedding of the one that had its number.");
    }

    /// <summary>A last class that the data doesn't have stands for none.</summary>
    private static string NameOf(int label, IReadOnlyList<string> classes) =>
        label < classes.Count ? Excerpt.Of(classes[label]) : "the class that stands for none";
}
