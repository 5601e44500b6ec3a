using System.CommandLine;
using UNetGen.Data;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Sampling.Editing;
using UNetGen.Training;
using static TorchSharp.torch;
using Color = System.Drawing.Color;

namespace UNetGen.Cli;

/// <summary>What <c>sample</c> makes of pictures: the options of the command line that edit.</summary>
internal sealed class EditOptions
{
    private readonly Option<string?> from = new("--from")
    {
        Description = "Draw from a picture, noised as far as --strength says (SDEdit, img2img), or from each of a folder in turn.",
        HelpName = "PICTURE|FOLDER",
    };

    private readonly Option<double> strength = new("--strength")
    {
        Description = "The share of the steps that --from and --between draw: the more, the less stays of the picture.",
        HelpName = "X",
        DefaultValueFactory = _ => 0.6,
        CustomParser = result => CommonOptions.Real(result, value => value is > 0 and <= 1, "a number above 0, up to 1"),
    };

    private readonly Option<string?> inpaint = new("--inpaint")
    {
        Description = "Paint a part of a picture so that it fits the rest (RePaint), with ddpm or ddim.",
        HelpName = "PICTURE",
    };

    private readonly Option<string?> condition = new("--condition")
    {
        Description =
            "The picture to draw from, or a folder of them in turn, for a network with condition_channels: what it has learnt to make "
                + "images from, as a small picture to enlarge or, with --mask, one with a hole.",
        HelpName = "PICTURE|FOLDER",
    };

    private readonly Option<string?> mask = new("--mask")
    {
        Description = "Where --inpaint or --condition paints: a picture of the same size, white there and black elsewhere.",
        HelpName = "PICTURE",
    };

    private readonly Option<int> jumpLength = Jump("--jump-length", "After how many steps --inpaint goes back, and by how many.");

    private readonly Option<int> jumpSamples = Jump(
        "--jump-samples", "How often --inpaint draws each part of the way; with 1 it never goes back.");

    private readonly Option<string[]> between = new("--between")
    {
        Description = "Draw pictures between two, a strip: both are noised as far as --strength says, and mixed.",
        HelpName = "PICTURE PICTURE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int> frames = new("--frames")
    {
        Description = "How many pictures --between draws, its ends among them.",
        HelpName = "N",
        DefaultValueFactory = _ => 8,
        CustomParser = result => CommonOptions.Whole(result, 2, 1000),
    };

    private readonly Option<bool> ownNoise = new("--own-noise")
    {
        Description = "Noise both pictures of --between with noise of their own, not with the same.",
    };

    private readonly Option<Color?> background = DataOptions.Background(otherwise: "as in the network's training");

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All =>
        [from, strength, inpaint, condition, mask, jumpLength, jumpSamples, between, frames, ownNoise, background];

    /// <summary>Whether pictures between two are asked for, each seed a strip.</summary>
    public bool IsStrip(ParseResult parsed) => parsed.IsGiven(between);

    private Option[] Kinds => [from, inpaint, between, condition];

    /// <summary>Refuses pictures for a network of latents, which would take them for such.</summary>
    /// <exception cref="UNetGenException">One is given, or the network needs a condition.</exception>
    public void RefuseForLatents(ParseResult parsed, NetworkInfo network)
    {
        var kind = Kinds.FirstOrDefault(parsed.IsGiven);
        if (kind is null && network.ConditionChannels == 0)
            return;
        throw new UNetGenException(kind is null
            ? $"{network.Name} makes latents from a condition of {Counted.Of(network.ConditionChannels, "channel")}, and pictures are all "
                + "that --condition takes: draw in C#, where `SamplingOptions.Condition` takes any."
            : $"{kind.Name} takes pictures, and {network.Name} draws latents, for which it would take them: leave it out, or draw in C#, "
                + "where `SamplingOptions` takes what an autoencoder has made of the pictures.");
    }

    /// <exception cref="UsageException">Options don't belong together.</exception>
    public void Check(ParseResult parsed)
    {
        var kinds = Kinds.Where(parsed.IsGiven).ToArray();
        if (kinds.Length > 1)
            throw new UsageException($"{kinds[0].Name} and {kinds[1].Name} are two ways to draw: give one.");
        Belongs([strength], [from, between]);
        Belongs([jumpLength, jumpSamples], [inpaint]);
        Belongs([mask], [inpaint, condition]);
        Belongs([frames, ownNoise], [between]);
        Belongs([background], Kinds);
        if (parsed.IsGiven(inpaint) && !parsed.IsGiven(mask))
            throw new UsageException(
                "--inpaint needs --mask: a picture of the same size, white where it is to be painted, black elsewhere.");
        if (IsStrip(parsed) && parsed.GetValue(between)!.Length is not 2 and var given)
            throw new UsageException($"--between needs two pictures, --between A B, and {given} {(given == 1 ? "is" : "are")} given.");

        void Belongs(Option[] options, Option[] owners)
        {
            if (!owners.Any(parsed.IsGiven) && options.FirstOrDefault(parsed.IsGiven) is { } alone)
                throw new UsageException(
                    $"{alone.Name} belongs to {string.Join(" and ", owners.Select(owner => owner.Name))}, and "
                        + $"{(owners.Length == 1 ? "that isn't" : "none of them is")} given.");
        }
    }

    /// <summary>Reads the pictures, and says what is made of them; null where nothing is edited.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="network">Of which pictures are drawn.</param>
    /// <param name="trained">Its checkpoint, which may say what it has learnt to make images from, and on which background.</param>
    /// <exception cref="DataException">A picture can't be used.</exception>
    /// <exception cref="UNetGenException">The network makes images from a condition, and there is none, or the other way round.</exception>
    public EditedDrawing? Make(ParseResult parsed, NetworkInfo network, Checkpoint trained)
    {
        // As its training data was laid on it.
        var colour = parsed.GetValue(background) ?? trained.Background;
        if (network.ConditionChannels > 0 || parsed.IsGiven(condition))
            return PictureConditions.Open(parsed.GetValue(condition), parsed.GetValue(mask), network, trained.Condition, colour);
        if (parsed.GetValue(from) is { } source)
            return From(source, parsed.GetValue(strength), network, colour);
        if (parsed.GetValue(inpaint) is { } hollow)
            return Inpaint(parsed, hollow, network, colour);
        if (!IsStrip(parsed))
            return null;
        var ends = parsed.GetValue(between)!.Select(path => EditedPicture.Load(path, network, colour).Image).ToArray();
        SourceWarnings.Show(string.Join(" and ", parsed.GetValue(between)!), cat(ends));
        var count = parsed.GetValue(frames);
        var edit = new Interpolation(ends[0], ends[1], count, parsed.GetValue(strength))
        {
            OwnNoise = parsed.GetValue(ownNoise),
        };
        return new(edit, ends[0], ends[1], count);
    }

    private static EditedDrawing From(string source, double strength, NetworkInfo network, Color? colour)
    {
        var pictures = cat([.. Files(source).Select(file => EditedPicture.Load(file, network, colour).Image)]);
        SourceWarnings.Show(source, pictures);
        return new(new FromPictures(pictures, strength), pictures);
    }

    /// <summary>A picture, or all of a folder, whose notes are shown.</summary>
    /// <exception cref="DataException">The folder has none.</exception>
    public static IReadOnlyList<string> Files(string source)
    {
        if (!Directory.Exists(source))
            return [source];
        var found = PictureFolder.Search(source);
        if (found.Files.Length == 0)
            throw new DataException($"'{source}' holds no {PictureFile.ExtensionList} file.{found.Instead}");
        found.Notes.ToList().ForEach(note => Warnings.Show($"{source}: {note}"));
        return [.. found.Files.Select(file => PictureFolder.PathOf(source, file))];
    }

    private EditedDrawing Inpaint(ParseResult parsed, string path, NetworkInfo network, Color? colour)
    {
        var picture = EditedPicture.Load(path, network, colour);
        SourceWarnings.Show(path, picture.Image);
        var painted = PaintMask.Load(parsed.GetValue(mask)!, picture);
        var edit = new Inpainting(picture.Image, painted)
        {
            JumpLength = parsed.GetValue(jumpLength),
            JumpSamples = parsed.GetValue(jumpSamples),
        };
        // Grey stands for what isn't known.
        return new(edit, cat([picture.Image, picture.Image * (-painted).add(Number.One, Number.One)]));
    }

    private static Option<int> Jump(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => 10,
        CustomParser = result => CommonOptions.Whole(result, 1),
    };
}
