using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using UNetGen.Files;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>How a feature network wants its images.</summary>
public enum FeatureInput
{
    /// <summary>uint8, from 0 to 255: the usual Inception export, which scales and resizes by itself.</summary>
    Bytes,

    /// <summary>float32, from 0 to 1.</summary>
    Unit,

    /// <summary>float32, from -1 to 1.</summary>
    Signed,
}

/// <summary>
/// Features by a TorchScript file: <c>forward(images [batch, 3, height, width])</c> gives [batch, features]. The Inception network of 2015
/// as exported for FID is one: by itself it answers with 1,008 class scores, so it is asked once more with its argument
/// <c>return_features</c>, and gives 2,048 features.
/// </summary>
public sealed class TorchScriptFeatures : FeatureNetwork
{
    // Of the Inception export of 2015.
    private const int InceptionClasses = 1008;

    private readonly jit.ScriptModule module;
    private readonly string path;
    private readonly FeatureInput input;
    private readonly Device device;
    private bool? asksForFeatures;

    private TorchScriptFeatures(jit.ScriptModule module, string path, string hash, FeatureInput input, Device device)
    {
        (this.module, this.path, Hash, this.input, this.device) = (module, path, hash, input, device);
        module.eval();
    }

    /// <inheritdoc/>
    public override string Description => $"{Path.GetFileName(path)} ({input.ToString().ToLowerInvariant()})";

    /// <inheritdoc/>
    public override string Hash { get; }

    /// <summary>Loads a file.</summary>
    /// <param name="path">What <c>torch.jit.save</c> has written.</param>
    /// <param name="input">How it wants its images.</param>
    /// <param name="device">Where it runs; null is the CPU.</param>
    /// <exception cref="EvaluationException">There is no such file, or it is no TorchScript.</exception>
    /// <exception cref="UnauthorizedAccessException">The file can't be reached.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such input.</exception>
    /// <exception cref="UNetGenException">There is no such device.</exception>
    public static TorchScriptFeatures Load(string path, FeatureInput input = FeatureInput.Bytes, Device? device = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Enum.IsDefined(input))
            throw new ArgumentOutOfRangeException(nameof(input), $"There is no input {input}.");
        if (!Presence.OfFile(path))
            throw new EvaluationException($"There is no feature network {path}.");
        if (device is not null)
            Devices.Require(device);
        try
        {
            // By its bytes, not its name: that goes to libtorch in the code page of Windows, which most letters aren't in.
            var content = Content(path);
            var hash = Convert.ToHexStringLower(SHA256.HashData([.. SHA256.HashData(content), (byte)input]));
            return new TorchScriptFeatures(jit.load(content, device ?? CPU), path, hash, input, device ?? CPU);
        }
        catch (Exception error) when (error is not UNetGenException)
        {
            throw new EvaluationException(
                $"{path} can't be loaded as TorchScript, which torch.jit.save writes (a pickle of weights is none): {FirstLine(error)}",
                error);
        }
    }

    private static byte[] Content(string path)
    {
        using var file = RegularFile.OpenRead(path);
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    /// <inheritdoc/>
    public override Tensor Extract(Tensor images)
    {
        RequireImages(images);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var arithmetic = new CudaArithmetic(device, tf32: false);
        var seen = images.to(device);
        if (seen.dim() == 4 && seen.shape[1] == 1)
            seen = seen.expand(-1, 3, -1, -1);
        seen = seen.clamp(Number.Of(-1), Number.Of(1));
        seen = input switch
        {
            FeatureInput.Bytes => (seen.add(Number.Of(1), Number.One) * Number.Of(127.5)).round().to(ScalarType.Byte),
            FeatureInput.Unit => seen.add(Number.Of(1), Number.One) / Number.Of(2),
            FeatureInput.Signed => seen,
            _ => throw new UnreachableException($"There is no input {input}."),
        };

        try
        {
            if (asksForFeatures is null)
            {
                var first = Forward(seen);
                asksForFeatures = first.dim() == 2 && first.shape[1] == InceptionClasses;
                if (asksForFeatures == false)
                    return Checked(first, seen.shape[0]);
            }

            return Checked(asksForFeatures == true ? Forward(seen, true) : Forward(seen), seen.shape[0]);
        }
        catch (Exception error) when (error is not UNetGenException && Shortage.Of(error) is null)
        {
            throw new EvaluationException(
                $"{path} fails on images [{string.Join(", ", seen.shape)}] of {seen.dtype}: {CauseOf(error)} Does it want them otherwise "
                    + "(bytes, unit or signed)?",
                error);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => module.Dispose();

    private Tensor Forward(params object[] arguments)
    {
        try
        {
            if (module.forward(arguments) is Tensor answer)
                return answer;
        }
        catch (ArgumentOutOfRangeException)
        {
            // What TorchSharp makes of a dictionary.
        }
        throw new EvaluationException($"{path} doesn't answer with one tensor.");
    }

    private Tensor Checked(Tensor features, long batch)
    {
        // [batch, features, 1, 1] is what a network gives whose last layer pools.
        if (features.dim() == 4 && features.shape[2] == 1 && features.shape[3] == 1)
            features = features.flatten(1);
        if (features.dim() != 2 || features.shape[0] != batch)
            throw new EvaluationException(string.Create(CultureInfo.InvariantCulture,
                $"{path} answers with [{string.Join(", ", features.shape)}] to {Counted.Of(batch, "image")}, not with [{batch}, features]."));
        FeatureStatistics.RequireCount(features.shape[1], path);
        return features.to(ScalarType.Float32).cpu().MoveToOuterDisposeScope();
    }

    private static string FirstLine(Exception error) => LinesOf(error)[0];

    /// <summary>The last line: before it stand the interpreter's, where in the network it was.</summary>
    private static string CauseOf(Exception error) => Excerpt.Of(LinesOf(error)[^1].TrimEnd('.')) + ".";

    private static string[] LinesOf(Exception error) =>
        error.Message.Trim().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
