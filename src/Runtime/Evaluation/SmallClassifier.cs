using System.Globalization;
using System.Security.Cryptography;
using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Backends.Nodes;
using UNetGen.Blocks;
using UNetGen.Data;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>
/// A small convolutional classifier, trained within a minute on labelled images such as MNIST's, whose last hidden layer gives the
/// features: for small images of a world that Inception never saw. It is the one feature network that needs no file from elsewhere, for
/// programs of your own as well. Its distances compare runs on the same data with the same file, and nothing else.
/// </summary>
public sealed class SmallClassifier : FeatureNetwork
{
    private const int Hidden = 64;
    // What two halvings leave a pixel of.
    private const int LeastSide = 4;
    private const int MostChannels = 1024;
    private const int MostClasses = 65536;
    private const string ClassesKey = "unetgen.classes";

    private readonly Layers network;

    private SmallClassifier(int channels, int height, int width, IReadOnlyList<string> classes) =>
        (network, Channels, Height, Width, Classes) = (new Layers(channels, classes.Count), channels, height, width, classes);

    /// <summary>Channels of the images that it was trained on.</summary>
    public int Channels { get; }

    /// <summary>Their height, pixels.</summary>
    public int Height { get; }

    /// <summary>Their width, pixels.</summary>
    public int Width { get; }

    /// <summary>The classes' names.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public override string Description =>
        string.Create(CultureInfo.InvariantCulture, $"small classifier of {Counted.Of(Classes.Count, "class", "classes")}, {Hidden} features");

    /// <inheritdoc/>
    public override string Hash
    {
        get
        {
            RequireLive();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var (_, weight) in network.state_dict())
                hash.AppendData(weight.bytes);
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Trains one, on the CPU: the same images and seed give the same weights on the same machine.</summary>
    /// <param name="source">Images with classes.</param>
    /// <param name="epochs">Times that each image is seen, at least 1.</param>
    /// <param name="batchSize">Images a step, at least 1.</param>
    /// <param name="seed">Of the first weights and of the order.</param>
    /// <param name="report">Called after each step with the share that is done and the loss.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is to be no epoch, or no image in a step.</exception>
    /// <exception cref="DataException">
    /// The images are latents, or smaller than 4 x 4 pixels, or of fewer than two classes or more than 65,536, or of more than 1,024
    /// channels; or the classes or a name are null, or a name has a line break or half of a character.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// It is called within <c>torch.inference_mode()</c>, where there are no gradients; <c>torch.no_grad()</c> does no harm.
    /// </exception>
    public static SmallClassifier Train(
        IImageSource source, int epochs = 4, int batchSize = 64, long seed = 0, Action<double, double>? report = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epochs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        NetworkCheck.RequireGradients();
        SourceChecks.RequirePictures(source);
        SourceChecks.RequireClasses(source);
        if (Math.Min(source.Height, source.Width) < LeastSide)
            throw new DataException(
                $"A small classifier halves images twice, and so needs {LeastSide} x {LeastSide} pixels at least, but those of "
                    + $"{source.Description} are {source.Height} x {source.Width}: take larger ones.");
        // Labels may leave numbers out: those of EMNIST's letters begin with 1.
        var classes = source.Classes.Count == 0 ? 0 : Enumerable.Range(0, source.Count).Select(source.Label).Distinct().Count();
        if (classes < 2)
            throw new DataException(
                $"A classifier learns from images of at least two classes, "
                + $"and the data ({source.Description}) has {(classes == 0 ? "none" : "one")}.{source.WhyNoClasses()}");
        if (source.Channels > MostChannels || source.Classes.Count > MostClasses)
            throw new DataException(string.Create(
                CultureInfo.InvariantCulture,
                $"A small classifier knows at most {MostClasses:N0} classes of images of at most {MostChannels:N0} channels, and the "
                    + $"data ({source.Description}) has {source.Classes.Count:N0} and {source.Channels:N0}."));
        if (source.Classes.FirstOrDefault(name => name.Contains('\n')) is { } broken)
            throw new DataException(
                $"The class '{Excerpt.Of(broken)}' of {source.Description} has a line break in its name, which the classifier's file can't "
                    + "hold: give it another name.");
        using var gradients = enable_grad();
        var classifier = new SmallClassifier(source.Channels, source.Height, source.Width, source.Classes);
        var network = classifier.network;
        network.Draw(seed);
        using var adam = new FusedAdam(network.named_parameters());
        using var loader = new BatchLoader(source, batchSize, seed);
        var steps = Math.Max(1, (long)epochs * source.Count / batchSize);
        for (var step = 0L; step < steps; step++)
        {
            var loss = Learn(2e-3 * (1 + Math.Cos(Math.PI * step / steps)) / 2);
            report?.Invoke((step + 1.0) / steps, loss);
        }

        network.zero_grad();
        return classifier;

        double Learn(double learningRate)
        {
            using var scope = NewDisposeScope();
            var batch = loader.Next();
            network.zero_grad();
            var loss = nn.functional.cross_entropy(network.forward(batch.Images), batch.Labels!);
            Gradients.Backward(loss);
            adam.Step(learningRate);
            return loss.item<float>();
        }
    }

    /// <summary>Reads what <see cref="Save"/> has written.</summary>
    /// <exception cref="EvaluationException">It holds something else.</exception>
    /// <exception cref="SafetensorsException">The file isn't valid.</exception>
    public static SmallClassifier Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Presence.OfFile(path))
            throw new EvaluationException($"There is no feature network {path}.");
        using var file = SafetensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(NetworkMetadata.ClassifierKey, out var shape)
            || !file.Metadata.TryGetValue(ClassesKey, out var classes)
            || shape.Split('x') is not [var channels, var height, var width]
            || !(int.TryParse(channels, out var c) && int.TryParse(height, out var h) && int.TryParse(width, out var w))
            || c is < 1 or > MostChannels || Math.Min(h, w) < LeastSide || classes.Count(sign => sign == '\n') >= MostClasses)
        {
            throw new EvaluationException(
                $"{path} is no small classifier: its metadata lacks {NetworkMetadata.ClassifierKey} or {ClassesKey}, or says of them what can't be.");
        }

        var classifier = new SmallClassifier(c, h, w, classes.Split('\n'));
        StateDict.Load(classifier.network, file);
        return classifier;
    }

    /// <summary>Writes it as safetensors.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public void Save(string path)
    {
        RequireLive();
        var tensors = network.state_dict();
        var metadata = new Dictionary<string, string>
        {
            [NetworkMetadata.ClassifierKey] = string.Create(CultureInfo.InvariantCulture, $"{Channels}x{Height}x{Width}"),
            [ClassesKey] = string.Join('\n', Classes),
        };
        SafetensorsFile.Write(path, tensors, TensorSum.Added(metadata, tensors));
    }

    /// <inheritdoc/>
    /// <returns>[batch, 64].</returns>
    public override Tensor Extract(Tensor images)
    {
        Check(images);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return network.Features(images.cpu()).MoveToOuterDisposeScope();
    }

    /// <summary>The likeliest class of each image.</summary>
    /// <param name="images">[batch, channels, height, width], float32, in [-1, 1].</param>
    /// <returns>[batch], int64.</returns>
    /// <exception cref="EvaluationException">
    /// There are no images, or they have another shape or type, or values that are no finite numbers.
    /// </exception>
    /// <exception cref="ArgumentException">The images have no numbers: they are disposed, sparse, or on the device meta.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    public Tensor Classify(Tensor images)
    {
        Check(images);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return network.forward(images.cpu()).argmax(1).MoveToOuterDisposeScope();
    }

    /// <summary>The share of images, from 0 to 1, whose likeliest class is the one they should be of.</summary>
    /// <param name="source">The images; at least one. Those whose files turn out broken don't count.</param>
    /// <param name="label">The class that an image should be of, by its number.</param>
    /// <param name="batchSize">Images at once, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is to be no image at once.</exception>
    /// <exception cref="DataException">There is no image that can be read, or they are latents.</exception>
    /// <exception cref="EvaluationException">The images have another shape, or values that are no finite numbers.</exception>
    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    public double Accuracy(IImageSource source, Func<int, int> label, int batchSize = 256)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(label);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        RequireLive();
        SourceChecks.RequirePictures(source);
        var (seen, right) = (0, 0);
        foreach (var (images, numbers) in WholeImages.InOrder(source, batchSize))
        {
            using (images)
            {
                using var classes = Classify(images);
                right += classes.data<long>().Zip(numbers).Count(image => image.First == label(image.Second));
                seen += numbers.Count;
            }
        }

        WholeImages.RequireSome(source, seen > 0);
        return (double)right / seen;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => network.Dispose();

    /// <exception cref="ObjectDisposedException">The classifier is disposed.</exception>
    /// <exception cref="ArgumentException">The images have no numbers: they are disposed, sparse, or on the device meta.</exception>
    /// <exception cref="EvaluationException">There are none, or they have another shape or type, or values that aren't finite.</exception>
    private void Check(Tensor images)
    {
        RequireImages(images);
        if (images.dim() != 4 || images.shape[0] < 1 || !images.shape[1..].SequenceEqual([Channels, Height, Width]))
            throw new EvaluationException(
                $"The classifier was trained on images [batch, {Channels}, {Height}, {Width}], but got "
                    + $"[{string.Join(", ", images.shape)}]{(images.shape is [0, ..] ? ", which are none" : "")}.");
    }

    /// <summary>[batch, channels, height, width] -> [batch, classes].</summary>
    private sealed class Layers : ExplicitModule
    {
        private readonly Conv2d conv1;
        private readonly Conv2d conv2;
        private readonly Conv2d conv3;
        private readonly Linear hidden;
        private readonly Linear output;

        public Layers(int channels, int classes) : base(nameof(SmallClassifier))
        {
            conv1 = nn.Conv2d(channels, 16, 3, padding: 1);
            conv2 = nn.Conv2d(16, 32, 3, padding: 1);
            conv3 = nn.Conv2d(32, 64, 3, padding: 1);
            hidden = nn.Linear(64 * 3 * 3, Hidden);
            output = nn.Linear(Hidden, classes);
            foreach (
                var (name, module) in new (string, nn.Module)[] { (nameof(conv1), conv1), (nameof(conv2), conv2), (nameof(conv3), conv3), (
                    nameof(hidden), hidden), (nameof(output), output) })
                register_module(name, module);
            // As its images are, whatever `torch.set_default_dtype` says.
            this.to(ScalarType.Float32);
        }

        /// <summary>PyTorch's initial values, by a generator of their own: other threads draw from the program's.</summary>
        public void Draw(long seed)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            using var generator = new Generator((ulong)seed, CPU);
            foreach (var module in children())
            {
                var weight = module.get_parameter("weight")!;
                var bound = 1 / Math.Sqrt(weight.numel() / weight.shape[0]);
                weight.uniform_(-bound, bound, generator);
                module.get_parameter("bias")!.uniform_(-bound, bound, generator);
            }
        }

        public override Tensor forward(Tensor images)
        {
            using var features = Features(images);
            return output.forward(features);
        }

        /// <summary>[batch, 64].</summary>
        public Tensor Features(Tensor images)
        {
            using var scope = NewDisposeScope();
            var x = nn.functional.max_pool2d(nn.functional.relu(conv1.forward(images)), 2);
            x = nn.functional.max_pool2d(nn.functional.relu(conv2.forward(x)), 2);
            x = nn.functional.adaptive_avg_pool2d(nn.functional.relu(conv3.forward(x)), [3, 3]);
            return nn.functional.relu(hidden.forward(x.flatten(1))).MoveToOuterDisposeScope();
        }
    }
}
