using TorchSharp;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Evaluation;
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What a trainer refuses to learn from, and what it says then.</summary>
public class TrainerInputTests
{
    private static readonly TrainingOptions Options = new() { Steps = 2, BatchSize = 4 };

    [Fact]
    public void A_source_that_leaves_values_unwritten_is_told_and_gets_nothing_of_another_image()
    {
        var source = new Lazy();
        using var network = new TwoConvNet();
        using var trainer = new Trainer(network, source, new() { Steps = 1, BatchSize = 2 });

        Assert.Contains("NaN", Assert.Throws<DataException>(() => trainer.Train()).Message);

        using var loader = new BatchLoader(source, source.Count, workers: 1);
        Assert.EndsWith(
            "of a source that forgets holds NaN: scale them, or mend what isn't a number.",
            Assert.Throws<DataException>(() => loader.Next()).Message);
    }

    [Fact]
    public void Within_inference_mode_nothing_is_trained_and_the_reason_is_said()
    {
        using var outside = new TwoConvNet();
        using var trainer = new Trainer(outside, new Stripes(), Options);
        TwoConvNet inside;
        using (inference_mode())
        {
            inside = new TwoConvNet();
            Assert.StartsWith(
                "A training needs gradients, and torch.inference_mode() has none",
                Assert.Throws<InvalidOperationException>(() => trainer.Train()).Message);
            Assert.Throws<InvalidOperationException>(() => new Trainer(outside, new Stripes(), Options));
        }

        Assert.Equal(0, trainer.Step);
        Assert.StartsWith(
            "TwoConvNet was made within torch.inference_mode()",
            Assert.Throws<ArgumentException>("network", () => new Trainer(inside, new Stripes(), Options)).Message);
        inside.Dispose();
        trainer.Train();
        Assert.Equal(2, trainer.Step);
    }

    [Theory]
    [InlineData(true, "has returned a tensor without a gradient")]
    [InlineData(false, "has returned Float64 for images of Float32")]
    public void A_class_written_by_hand_whose_answer_is_no_good_is_told_which(bool detached, string message)
    {
        using var network = new Answering(answer => detached ? answer.detach() : answer.to(ScalarType.Float64));
        using var trainer = new Trainer(network, new Stripes(), Options);

        Assert.StartsWith(
            $"The forward of Answering {message}", Assert.Throws<InvalidOperationException>(() => trainer.Train()).Message);
    }

    [Fact]
    public void Without_gradients_of_the_callers_a_training_has_its_own()
    {
        using var noGradients = no_grad();
        using var network = new TwoConvNet();
        var before = network.Weights();
        using var trainer = new Trainer(network, new Stripes(), Options);
        trainer.Train();
        Assert.NotEqual(before, network.Weights());
        Assert.False(is_grad_enabled());
    }

    [Theory]
    [InlineData(0, 255, "run from 0 to 255")]
    [InlineData(0, 255, "v / 127.5 - 1")]
    [InlineData(-1, float.NaN, "NaN")]
    [InlineData(-1, 1.5f, "run from -1 to 1.5")]
    [InlineData(0, 1, "looks like [0, 1], which becomes [-1, 1] by 2 * v - 1")]
    [InlineData(0, 1, "set `RefuseNonNegativeImages` to false")]
    public void Images_outside_minus_1_to_1_or_without_a_negative_value_are_refused(float low, float high, string expected)
    {
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(low: low, high: high), Options);

        var error = Assert.Throws<DataException>(() => trainer.Train());

        Assert.Contains("values in [-1, 1]", error.Message);
        Assert.Contains(expected, error.Message);
        Assert.Equal(0, trainer.Step);
    }

    [Fact]
    public void Light_pictures_whose_bytes_the_source_has_scaled_are_not_to_be_scaled_again()
    {
        using var folder = new TemporaryFolder();
        using var white = ones(1, 1, 8, 8);
        ImageGrid.Save(white, folder.File("white.png"), scale: 1, gap: 0);
        var pictures = ImageFolderSource.Open(folder.Path, 1, 8, 8);
        using var trainer = new Trainer(new TwoConvNet(), new SubsetSource(pictures, [0]), Options);

        var error = Assert.Throws<DataException>(() => trainer.Train());

        Assert.Contains("nothing in these pictures is darker than middle grey", error.Message);
        Assert.Contains("set `RefuseNonNegativeImages` to false", error.Message);
        Assert.DoesNotContain("2 * v - 1", error.Message);
    }

    [Theory]
    [InlineData(-1, -0.88f, true)]
    [InlineData(-1, -0.76f, true)]
    [InlineData(-1, -0.74f, false)]
    [InlineData(-0.1f, 0.1f, true)]
    [InlineData(-1, 1, false)]
    public void Images_that_use_less_than_an_eighth_of_the_range_are_told_once_and_learnt_from(float low, float high, bool told)
    {
        var logger = new ListLogger();
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(low: low, high: high), Options, logger: logger);

        Assert.Equal(2, trainer.Train().Steps);

        Assert.Equal(told ? 1 : 0, logger.Warnings.Count);
        Assert.All(logger.Warnings, notice => Assert.Contains("less than an eighth of [-1, 1]", notice));
    }

    [Fact]
    public void Digits_are_mostly_black_and_use_the_whole_range()
    {
        var digits = IdxSource.Open(Path.Combine(AppContext.BaseDirectory, "Data", "mnist"), 1, 8, 8);
        var logger = new ListLogger();
        using var trainer = new Trainer(new TwoConvNet(), digits, Options, logger: logger);

        trainer.Train();

        Assert.Empty(logger.Warnings);
    }

    [Fact]
    public void Images_without_a_negative_value_can_be_allowed()
    {
        using var trainer = new Trainer(new TwoConvNet(), new Stripes(low: 0), Options with { RefuseNonNegativeImages = false });

        Assert.Equal(2, trainer.Train().Steps);
    }

    [Fact]
    public void Images_of_another_size_are_refused_with_both_sizes()
    {
        var error = Refusal(new TwoConvNet(), new Stripes(size: 16));

        Assert.Contains("1 x 8 x 8", error);
        Assert.Contains("1 x 16 x 16", error);
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void Weights_of_another_type_than_float32_are_refused_with_their_key(ScalarType type)
    {
        using var network = new TwoConvNet();
        network.to(type);

        var error = Assert.Throws<ArgumentException>(() => new Trainer(network, new Stripes(), Options)).Message;

        Assert.Contains($"TwoConvNet has weights of {type}, as {network.named_parameters().First().name}, ", error);
        Assert.Contains("`to(ScalarType.Float32)`", error);
    }

    [Theory]
    [InlineData(100, 1, "Of 1,001 images of 11 classes 1 is of the class c10: too few to be learnt, or a label is damaged.")]
    [InlineData(100, 0, "Of 1,000 images of 11 classes 0 are of the class c10: too few")]
    [InlineData(100, 2, null)]
    [InlineData(4, 1, null)]
    public void A_class_of_less_than_a_fiftieth_of_the_others_images_is_told(int each, int ofTheLast, string? told)
    {
        var source = new Labelled([.. Enumerable.Repeat(each, 10), ofTheLast]);

        var warnings = InputCheck.Images(source, new DiffusionOptions(), refuseNonNegative: true, CancellationToken.None);

        Assert.Equal(told is null ? 0 : 1, warnings.Count);
        Assert.All(warnings, warning => Assert.StartsWith(told!, warning));
    }

    [Fact]
    public void A_network_with_classes_needs_data_with_labels() =>
        Assert.Contains(
            "is conditioned on 3 classes, but the data (four images of stripes) has no labels",
            Refusal(new TwoConvNet(classes: 3), new Stripes()));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Classes_must_be_the_datas_or_one_more(int classes)
    {
        var error = Refusal(new TwoConvNet(classes: classes), new Stripes(classes: 2));

        Assert.Contains(
            $"takes {(classes == 1 ? "1 class" : $"{classes} classes")} (num_classes), but the data (four images of stripes) has 2", error);
        Assert.Contains("`num_classes: 2`, or 3 for guidance", error);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public void A_label_that_is_none_of_the_datas_classes_is_refused_though_the_network_has_one_more(int label)
    {
        using var trainer = new Trainer(new TwoConvNet(classes: 3), new Mislabelled(label), Options);
        using var loader = new BatchLoader(new Mislabelled(label), batchSize: 4);

        foreach (var refused in (Action[])[() => trainer.Train(), () => loader.Next()])
            Assert.Equal(
                $"Image 3 of four images has the label {label}, but `Classes` names 2 classes, which are 0 to 1.",
                Assert.Throws<DataException>(refused).Message);
        Assert.Equal(0, trainer.Step);
    }

    [Fact]
    public void Classes_that_a_stray_picture_undoes_are_missed_by_its_name()
    {
        using var folder = new TemporaryFolder();
        using var grey = zeros(1, 1, 8, 8);
        foreach (var name in (string[])["2/a.png", "10/a.png", "10/b.png"])
            ImageGrid.Save(grey, folder.File(name), scale: 1, gap: 0);
        Assert.Equal(2, ImageFolderSource.Open(folder.Path, 1, 8, 8).Classes.Count);

        ImageGrid.Save(grey, folder.File("cover.png"), scale: 1, gap: 0);
        const string one = "Its folders, of 3 pictures, are no classes while cover.png lies beside them: take it out, or into one of them.";
        var pictures = ImageFolderSource.Open(folder.Path, 1, 8, 8);
        Assert.Contains($"has no labels. {one} Pictures have", Refusal(new TwoConvNet(classes: 2), pictures));
        foreach (var source in new IImageSource[] { pictures, new SubsetSource(pictures, [0, 1]) })
            Assert.EndsWith($"has none. {one}", Assert.Throws<DataException>(() => SmallClassifier.Train(source)).Message);

        ImageGrid.Save(grey, folder.File("back.png"), scale: 1, gap: 0);
        Assert.Contains(
            "while back.png and 1 more lie beside them: take them out,",
            Refusal(new TwoConvNet(classes: 2), ImageFolderSource.Open(folder.Path, 1, 8, 8)));
    }

    [Theory]
    [InlineData(255, 255, "image 1, counted from 0, has the label 255, and some")]
    [InlineData(200, 255, "image 1, counted from 0, has the label 200, 2 images have one of 3 or more, and some")]
    public void A_label_far_beyond_the_others_is_named_with_its_image(byte second, byte fourth, string expected)
    {
        using var folder = new TemporaryFolder();
        var images = folder.Write(
            "train-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0, 8, .. new byte[5 * 64]]);
        byte last = second == fourth ? (byte)1 : fourth;
        folder.Write("train-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 5, 0, second, 2, last, 1]);

        var error = Refusal(new TwoConvNet(classes: 3), IdxSource.Open(images, 1, 8, 8));

        Assert.Contains(expected, error);
        Assert.Contains("the file of labels is damaged, as it seems", error);
        Assert.DoesNotContain("`num_classes", error);
    }

    [Fact]
    public void Label_dropout_needs_a_class_to_replace_labels_by()
    {
        var dropout = Options with { LabelDropout = 0.2 };

        Assert.Contains("`num_classes: 3`", Refusal(new TwoConvNet(classes: 2), new Stripes(classes: 2), dropout));
        Assert.Contains(
            "`LabelDropout` is 0.2, but TwoConvNet takes no labels", Refusal(new TwoConvNet(), new Stripes(classes: 2), dropout));
    }

    [Fact]
    public void Estimates_are_shown_only_to_a_network_that_sees_them()
    {
        var shown = Options with { SelfConditionProbability = 0.7 };

        Assert.StartsWith(
            "`SelfConditionProbability` is 0.7, but TwoConvNet sees no estimate of its own",
            Assert.Throws<UNetGenException>(() => new Trainer(new TwoConvNet(), new Stripes(), shown)).Message);
        new Trainer(new TwoConvNet(selfCondition: true), new Stripes(), shown).Dispose();
        new Trainer(new TwoConvNet(), new Stripes(), Options with { SelfConditionProbability = 0 }).Dispose();
    }

    [Fact]
    public void No_images_are_nothing_to_learn_from()
    {
        var none = new UNetGen.Data.SubsetSource(new Stripes(), []);
        Assert.Contains(
            "There are no images to learn from: 0 of four images of stripes.",
            Assert.Throws<UNetGen.Data.DataException>(() => new Trainer(new TwoConvNet(), none, Options)).Message);
    }

    [Fact]
    public void Classes_that_are_null_are_refused_by_name()
    {
        foreach (var refused in (Action[])[
            () => new Trainer(new TwoConvNet(), new Mislabelled(0, isNull: true), Options),
            () => new BatchLoader(new Mislabelled(0, isNull: true), batchSize: 4)])
            Assert.StartsWith("The `Classes` of four images are null", Assert.Throws<DataException>(refused).Message);
    }

    private sealed class Mislabelled(int last, bool isNull = false) : IImageSource
    {
        private readonly Stripes stripes = new(classes: 2);

        public string Description => "four images";

        public int Count => 4;

        public int Channels => 1;

        public int Height => 8;

        public int Width => 8;

        public IReadOnlyList<string> Classes => isNull ? null! : stripes.Classes;

        public int Label(int index) => index == 3 ? last : stripes.Label(index);

        public void Read(int index, Span<float> pixels) => stripes.Read(index, pixels);
    }

    private static string Refusal(NoisePredictor network, IImageSource source, TrainingOptions? options = null) =>
        Assert.Throws<DataException>(() => new Trainer(network, source, options ?? Options)).Message;

    /// <summary>Images of so many of each class.</summary>
    private sealed class Labelled(int[] counts) : IImageSource
    {
        private readonly Stripes stripes = new();
        private readonly int[] labels = [.. counts.SelectMany((count, label) => Enumerable.Repeat(label, count))];

        public string Description => stripes.Description;

        public int Count => labels.Length;

        public int Channels => stripes.Channels;

        public int Height => stripes.Height;

        public int Width => stripes.Width;

        public IReadOnlyList<string> Classes { get; } = [.. counts.Select((_, label) => $"c{label}")];

        public int Label(int index) => labels[index];

        public void Read(int index, Span<float> pixels) => stripes.Read(index % stripes.Count, pixels);
    }

    private sealed class Answering : NoisePredictor
    {
        private readonly Func<Tensor, Tensor> answer;
        private readonly TorchSharp.Modules.Conv2d conv = nn.Conv2d(1, 1, 1);

        public Answering(Func<Tensor, Tensor> answer) : base(nameof(Answering))
        {
            this.answer = answer;
            register_module("conv", conv);
        }

        public override NetworkInfo Info { get; } = Sampling.FunctionPredictor.ToyInfo(nameof(Answering), 1, 8);

        public override DiffusionOptions Diffusion { get; } = new() { Timesteps = 100 };

        public override Tensor forward(Tensor x, Tensor timesteps) => answer(conv.forward(x));
    }

    /// <summary>Writes its first image alone.</summary>
    private sealed class Lazy : IImageSource
    {
        private readonly Stripes stripes = new();

        public string Description => "a source that forgets";

        public int Count => stripes.Count;

        public int Channels => stripes.Channels;

        public int Height => stripes.Height;

        public int Width => stripes.Width;

        public void Read(int index, Span<float> pixels)
        {
            if (index == 0)
                stripes.Read(index, pixels);
        }
    }
}
