using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Networks that are conditioned on classes, and those that aren't.</summary>
public sealed class ClassLabelTests
{
    private const string NotOnePerImage = "DdpmClassesUNet takes one label per image, [2] of Int64, but got ";

    [Fact]
    public void A_class_conditional_network_asks_for_labels()
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmClassesUNet();
        var (x, t) = Input();
        const string expected = "DdpmClassesUNet is conditioned on 10 classes: it needs labels, one per image, [2].";
        Assert.StartsWith(expected, Assert.Throws<ArgumentException>("labels", () => network.forward(x, t)).Message);
        Assert.StartsWith(expected, Assert.Throws<ArgumentException>("labels", () => network.forward(x, t, labels: null)).Message);
    }

    [Fact]
    public void Labels_of_another_shape_or_type_are_refused_with_both()
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmClassesUNet();
        var (x, t) = Input();
        Refused(tensor([1L, 2L, 3L]), "[3] of Int64.");
        Refused(tensor([1L, 2L]).unsqueeze(1), "[2, 1] of Int64.");
        Refused(tensor([1, 2]), "[2] of Int32.");
        Refused(tensor([1f, 2f]), "[2] of Float32.");

        void Refused(Tensor labels, string got) =>
            Assert.StartsWith(
                NotOnePerImage + got, Assert.Throws<ArgumentException>("labels", () => network.forward(x, t, labels)).Message);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-1)]
    public void A_label_of_no_class_is_refused_with_the_classes_that_there_are(long label)
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmClassesUNet();
        var (x, t) = Input();
        var error = Assert.Throws<ArgumentException>("labels", () => network.forward(x, t, tensor([1L, label])));
        Assert.StartsWith($"DdpmClassesUNet knows classes 0 to 9, but got label {label}.", error.Message);
    }

    [Fact]
    public void Labels_for_a_network_without_classes_are_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmTinyUNet();
        var (x, t) = Input();
        var error = Assert.Throws<ArgumentException>("labels", () => network.forward(x, t, tensor([1L, 2L])));
        Assert.StartsWith("DdpmTinyUNet takes no labels; its spec would have to say `num_classes`.", error.Message);
    }

    [Fact]
    public void A_label_changes_its_own_image_s_prediction_alone()
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmClassesUNet();
        Fill.Parameters(network);
        network.eval();
        var (x, t) = Input();
        var (before, after) = (network.forward(x, t, tensor([1L, 2L])), network.forward(x, t, tensor([1L, 3L])));
        Assert.True(allclose(before[0], after[0]));
        Assert.False(allclose(before[1], after[1]));
    }

    [Fact]
    public void Only_the_classes_of_a_batch_are_trained_by_it()
    {
        using var scope = NewDisposeScope();
        using var network = new DdpmClassesUNet();
        var (x, t) = Input();
        network.forward(x, t, tensor([7L, 4L])).square().sum().backward();
        var moved = network.class_embedding.weight!.grad!.abs().sum(1).data<float>().ToArray();
        Assert.Equal([4, 7], Enumerable.Range(0, 10).Where(label => moved[label] > 0));
    }

    private static (Tensor X, Tensor Timesteps) Input() => (Fill.Input("input:x", 2, 3, 16, 16), tensor([0L, 7L]));
}
