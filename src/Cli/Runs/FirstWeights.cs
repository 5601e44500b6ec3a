using Spectre.Console;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Cli.Runs;

/// <summary>Another training's weights, with which a run begins: what <c>--init-from</c> names.</summary>
internal sealed class FirstWeights
{
    private readonly Checkpoint trained;
    private readonly bool tells;

    /// <summary>Whether the embedding of classes is the other training's.</summary>
    private readonly bool takesClasses;

    private FirstWeights(Checkpoint trained, bool takesClasses, bool tells) =>
        (this.trained, this.takesClasses, this.tells) = (trained, takesClasses, tells);

    /// <summary>The checkpoint, or the file, that the weights are of.</summary>
    public string Path => trained.Path;

    /// <summary>
    /// Puts what a run begins with into its network, and says what is otherwise than it was in the training that the weights are of; null:
    /// weights are drawn.
    /// </summary>
    /// <exception cref="UNetGenException">There is no such checkpoint, or its weights don't fit.</exception>
    public static FirstWeights? Load(string path, NoisePredictor network, ICollective ranks)
    {
        var tells = ranks.Rank == 0;
        if (path != TextFormat.None)
        {
            if (!Presence.Of(path))
                throw new UNetGenException($"--init-from: there is nothing at {path}{ImageSources.SeenFrom(path)}.");
            var (trained, (takesClasses, differences)) = TrainedWeights.Read(
                path, Tell, trained => (trained.HasClasses(network.Info.NumClasses), Begin(network, trained)));
            foreach (var difference in differences)
                Tell(difference);
            if (tells)
                AnsiConsole.MarkupLineInterpolated($"begins with the weights of [blue]{trained.Path}[/]");
            return new(trained, takesClasses, tells);
        }
        if (tells && System.IO.Path.Exists(path))
            Warnings.Show($"--init-from {path} is the word for no weights; what is called so in this folder is --init-from ./{path}.");
        return null;

        void Tell(string message)
        {
            if (tells)
                Warnings.Show(message);
        }
    }

    private static IReadOnlyList<string> Begin(NoisePredictor network, Checkpoint trained)
    {
        try
        {
            return trained.Begin(network);
        }
        catch (StateDictException error)
        {
            var lack = trained.DoubtOf(network) is { } doubt ? $"{doubt} " : "";
            throw new UNetGenException($"--init-from {trained.Path} can't be begun with: {lack}{error.Message}", error);
        }
    }

    /// <summary>As many classes take over the embeddings of others, one by one, and only a person knows whether that is meant.</summary>
    public void WarnOfOtherClasses(NetworkInfo network, IImageSource source)
    {
        if (!tells || !takesClasses || trained.Classes is not { Count: > 0 } before || before.SequenceEqual(source.Classes))
            return;
        var at = Enumerable.Range(0, network.NumClasses!.Value).First(label => NameOf(label, before) != NameOf(label, source.Classes));
        Warnings.Show($"the classes aren't those of {Path}: {NameOf(at, source.Classes)} begins as {NameOf(at, before)}, "
            + "and so each with the embedding of the one that had its number.");
    }

    /// <summary>A last class that the data doesn't have stands for none.</summary>
    private static string NameOf(int label, IReadOnlyList<string> classes) =>
        label < classes.Count ? Excerpt.Of(classes[label]) : "the class that stands for none";
}
