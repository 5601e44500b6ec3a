using UNetGen.Evaluation;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Evaluation;

public class TorchScriptFeaturesTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Evaluation", "TorchScript");

    [Theory]
    [InlineData(FeatureInput.Bytes, 255f, 128f)]
    [InlineData(FeatureInput.Unit, 1f, 0.5f)]
    [InlineData(FeatureInput.Signed, 1f, 0f)]
    public void Images_come_as_the_network_wants_them(FeatureInput input, float ofWhite, float ofGrey)
    {
        using var scope = NewDisposeScope();
        using var features = TorchScriptFeatures.Load(Path.Combine(Folder, "mean_colour.pt"), input);
        var white = ones(2, 3, 4, 4) * 1.5; // beyond white is white
        var grey = zeros(2, 1, 4, 4); // one channel stands for three

        Assert.Equal([ofWhite, ofWhite, ofWhite, ofWhite, ofWhite, ofWhite], features.Extract(white).data<float>().ToArray());
        Assert.Equal([2L, 3L], features.Extract(grey).shape);
        Assert.Equal(ofGrey, features.Extract(grey)[0, 0].item<float>());
    }

    [Fact]
    public void A_network_that_answers_as_the_inception_export_is_asked_for_its_features()
    {
        using var scope = NewDisposeScope();
        using var features = TorchScriptFeatures.Load(Path.Combine(Folder, "like_inception.pt"));

        for (var again = 0; again < 2; again++)
            Assert.Equal(
                [255f, 0f, 0f, 510f, 0f, 0f], features.Extract(cat([ones(1, 1, 2, 2), -ones(1, 2, 2, 2)], 1)).data<float>().ToArray());
    }

    [Fact]
    public void The_hash_tells_files_and_inputs_apart()
    {
        string Hash(string file, FeatureInput input)
        {
            using var features = TorchScriptFeatures.Load(Path.Combine(Folder, file), input);
            return features.Hash;
        }

        Assert.Equal(Hash("mean_colour.pt", FeatureInput.Unit), Hash("mean_colour.pt", FeatureInput.Unit));
        Assert.NotEqual(Hash("mean_colour.pt", FeatureInput.Unit), Hash("mean_colour.pt", FeatureInput.Bytes));
        Assert.NotEqual(Hash("mean_colour.pt", FeatureInput.Unit), Hash("like_inception.pt", FeatureInput.Unit));
    }

    [Fact]
    public void What_is_no_such_network_is_named_with_what_it_answered()
    {
        Assert.Contains(
            "There is no feature network", Assert.Throws<EvaluationException>(() => TorchScriptFeatures.Load("nowhere.pt")).Message);
        using var folder = new TemporaryFolder();
        var pickle = folder.File("weights.pt");
        File.WriteAllBytes(pickle, [0x80, 2, 0x7d]);
        Assert.Contains(
            "can't be loaded as TorchScript", Assert.Throws<EvaluationException>(() => TorchScriptFeatures.Load(pickle)).Message);

        using var features = TorchScriptFeatures.Load(Path.Combine(Folder, "mean_colour.pt"));
        using var noImages = zeros(2, 3);
        var message = Assert.Throws<EvaluationException>(() => features.Extract(noImages)).Message;
        Assert.Contains("mean_colour.pt fails on images [2, 3] of Byte", message);
    }
}
