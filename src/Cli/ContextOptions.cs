using System.CommandLine;
using UNetGen.Data;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Cli;

/// <summary>What <c>sample</c> is given to draw by, such as texts that an encoder has made numbers of.</summary>
internal sealed class ContextOptions
{
    private const string Key = "context";

    private readonly Option<string?> context = new("--context")
    {
        Description =
            "What to draw, for a network with a context: a file with the tensor context [n, tokens, width], its contexts in turn.",
        HelpName = "FILE.safetensors",
    };

    private readonly Option<string?> negative = new("--negative-context")
    {
        Description = "The context that --guidance leads away from, in the place of the null context of the training.",
        HelpName = "FILE.safetensors",
    };

    public IEnumerable<Option> All => [context, negative];

    /// <summary>The options with contexts, which are the caller's to dispose.</summary>
    /// <exception cref="UNetGenException">A file can't be used, or a context is missing or of no use.</exception>
    public SamplingOptions Make(ParseResult parsed, SamplingOptions options, NetworkInfo info, Checkpoint trained)
    {
        var (given, away) = (parsed.GetValue(context), parsed.GetValue(negative));
        if (info.ContextDim is not { } width)
        {
            return given is null && away is null
                ? options
                : throw new UNetGenException(
                    $"{info.Name} takes no context: its spec has no context_dim. Leave {(given is null ? negative : context).Name} out.");
        }
        if (given is null)
            throw new UNetGenException(
                $"{info.Name} is conditioned on contexts of width {width}: give them, {context.Name} FILE.safetensors.");
        if (away is not null && options.Guidance == 1)
            throw new UNetGenException(
                $"{negative.Name} is what --guidance leads away from, and at a guidance of 1 there is none: give more.");
        return options with
        {
            Context = Read(context, given, info, width, Key),
            NegativeContext = options.Guidance == 1 ? null
                : away is null ? NullContextOf(trained)
                : Read(negative, away, info, width, Key, Trainer.NullContextKey),
        };
    }

    private Tensor NullContextOf(Checkpoint trained) => trained.NullContext() ?? throw new UNetGenException(
        $"--guidance leads away from what stood for no context in training, and {trained.Path} doesn't say what that was, as no weights "
            + $"alone do, nor a training that dropped no contexts: give it, {negative.Name} FILE.safetensors, of a text encoder what it "
            + "makes of an empty text.");

    /// <summary>Reads contexts, [n, tokens, width].</summary>
    private static Tensor Read(Option option, string path, NetworkInfo info, int width, params string[] keys)
    {
        if (Presence.OfFolder(path))
            throw new UNetGenException($"{option.Name}: '{path}' is a folder; name a .safetensors file in it.");
        if (!Presence.OfFile(path))
            throw new UNetGenException($"{option.Name}: there is no file '{path}'{ImageSources.SeenFrom(path)}.");
        using var file = SafetensorsFile.Open(path);
        var entry = keys.Select(key => file.Entries.FirstOrDefault(entry => entry.Name == key)).FirstOrDefault(entry => entry is not null)
            ?? throw new UNetGenException(
                $"{option.Name} {path} has no tensor {string.Join(" or ", keys)}; it has {Excerpt.List([.. file.Entries.Select(entry => entry.Name)])}.");
        if (!is_floating_point(entry.DType))
            throw new UNetGenException($"{option.Name} {path}: {entry.Name} holds numbers of {entry.DType}, and contexts are real numbers.");
        if (entry.Shape is not ([> 0, > 0] or [> 0, > 0, > 0]))
            throw new UNetGenException(
                $"{option.Name} {path}: {entry.Name} is [{string.Join(", ", entry.Shape)}], and must be [n, tokens, width], or [tokens, width] for one.");
        if (entry.Shape[^1] != width)
            throw new UNetGenException(
                $"{option.Name} {path}: {entry.Name} has tokens of width {entry.Shape[^1]}, and {info.Name} takes such of {width} (context_dim): another "
                    + "encoder has made them.");
        var read = file.Read(entry);
        if (EncodedRange.FaultIn(read) is { } fault)
        {
            read.Dispose();
            throw new UNetGenException(
                $"{option.Name} {path}: {entry.Name} holds {fault}. Write the file anew; an encoder that computes in float16 may overflow.");
        }
        if (entry.Shape.Count == 3)
            return read;
        using (read)
            return read.unsqueeze(0);
    }
}
