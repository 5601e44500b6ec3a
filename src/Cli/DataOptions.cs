using System.CommandLine;
using UNetGen.Cli.Runs;
using UNetGen.Data;
using UNetGen.Networks;
using Color = System.Drawing.Color;

namespace UNetGen.Cli;

/// <summary>The images that a command works on.</summary>
internal static class DataOptions
{
    /// <summary>As <c>train</c> has it among a run's options.</summary>
    /// <param name="otherwise">What lies there where it isn't given, in words.</param>
    public static Option<Color?> Background(string otherwise = "black") => new("--background")
    {
        Description = $"What lies behind the transparent pixels of pictures: black, white or #rrggbb. [{otherwise}]",
        HelpName = "COLOUR",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!TextFormat.Colour.TryParse(text, out var colour))
                result.AddError(
                    $"--background must be {TextFormat.Colour.Range}, not '{text}'.{WordChoice.Suggestion(text, TextFormat.Colour.Words)}");
            return colour;
        },
    };

    /// <summary>Opens what <c>--data</c> says as the network takes it, and shows what the user should know of it.</summary>
    /// <exception cref="UNetGenException">A background is given for images that can't be transparent.</exception>
    public static IImageSource Open(string data, NetworkInfo network, Color? background, long seed = 0, int sharers = 1) =>
        Open(data, (network.Channels, network.ImageHeight, network.ImageWidth), background, seed, sharers);

    /// <summary>The same in the shape of other images.</summary>
    /// <param name="data">As it was given.</param>
    /// <param name="shape">The images'.</param>
    /// <param name="background">As it was given; null: it wasn't.</param>
    /// <param name="seed">Of drawn shapes.</param>
    /// <param name="sharers">Processes that share the memory.</param>
    /// <param name="otherwise">The background where none was given; null: black.</param>
    /// <exception cref="UNetGenException">A background is given for images that can't be transparent.</exception>
    public static IImageSource Open(
        string data, (int Channels, int Height, int Width) shape, Color? background, long seed = 0, int sharers = 1,
        Color? otherwise = null)
    {
        var source = ImageSources.Open(data, shape.Channels, shape.Height, shape.Width, seed, sharers, background ?? otherwise);
        // Black is what there is where nothing is said.
        if (source is not ImageFolderSource && background is { } colour && colour.ToArgb() != Color.Black.ToArgb())
            throw new UNetGenException(
                $"--background {TextFormat.Colour.Write(colour)} would lie behind nothing: {source.Description} can't be transparent. "
                    + "Leave it out.");
        foreach (var note in source.Notes)
            Warnings.Show(note);
        if (data == ImageSources.Shapes && Path.Exists(data))
            Warnings.Show($"--data {data} is the word for drawn shapes; what is called so in this folder is --data ./{data}.");
        return source;
    }
}
