using UNetGen.Interop;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

public sealed class CheckpointTests : IDisposable
{
    private static readonly TrainingOptions Training = new()
    {
        TimeLimit = TimeSpan.FromSeconds(90),
        LearningRate = 3e-4,
        Decay = LearningRateDecay.Cosine,
        Seed = 9,
    };

    private readonly TemporaryFolder root = new();
    private readonly TwoConvNet network = new();
    private readonly Ema ema;

    public CheckpointTests()
    {
        // The last weights and the averaged ones differ.
        ema = new Ema(network);
        using var noGradients = no_grad();
        foreach (var parameter in network.parameters())
            parameter.mul_(1.1f);
        network.get_buffer("calls")!.fill_(7);
    }

    private string Folder => root.File("checkpoint");

    public void Dispose()
    {
        ema.Dispose();
        network.Dispose();
        root.Dispose();
    }

    [Fact]
    public void Weights_come_back_to_the_bit()
    {
        Save();
        using var loaded = Emptied();

        Checkpoint.Open(Path.Combine(Folder, "weights.safetensors")).LoadInto(loaded);

        Assert.Equal(network.Weights(), loaded.Weights());
    }

    [Fact]
    public void A_folder_stands_for_its_averaged_weights()
    {
        Save();
        using var loaded = Emptied();

        Checkpoint.Open(Folder).LoadInto(loaded);

        using (ema.Apply())
            Assert.Equal(network.Weights(), loaded.Weights());
        Assert.NotEqual(network.Weights(), loaded.Weights());
    }

    [Fact]
    public void It_says_where_it_comes_from()
    {
        Save();

        var checkpoint = Checkpoint.Open(Folder);

        Assert.Equal((network.Info.Name, network.Info.Spec, network.Info.SpecHash), (checkpoint.Network, checkpoint.Spec, checkpoint.SpecHash));
        Assert.Equal(
            new CheckpointInfo { Network = "TwoConvNet", SpecHash = network.Info.SpecHash, Step = 120, Loss = 0.25, Training = Training },
            checkpoint.Info);
        Assert.Equal("0.107.0", checkpoint.Info!.TorchsharpVersion.Split('-')[0]);
    }

    [Fact]
    public void A_training_that_never_stepped_can_be_saved()
    {
        Checkpoint.Save(Folder, network, ema, Training, 0, double.NaN);

        Assert.Equal(double.NaN, Checkpoint.Open(Folder).Info!.Loss);
    }

    [Fact]
    public void A_weights_file_can_stand_alone()
    {
        Save();
        var alone = root.File("alone.safetensors");
        File.Copy(Path.Combine(Folder, "weights.safetensors"), alone);
        using var loaded = Emptied();

        var checkpoint = Checkpoint.Open(alone);
        checkpoint.LoadInto(loaded);

        Assert.Null(checkpoint.Info);
        Assert.Equal(network.Weights(), loaded.Weights());
    }

    [Fact]
    public void Another_spec_is_refused_with_the_lines_that_differ()
    {
        Save();
        using var wider = new TwoConvNet(width: 12);
        var before = wider.Weights();

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Folder).LoadInto(wider));

        Assert.Contains($"TwoConvNet (spec {network.Info.SpecHash[..12]})", error.Message);
        Assert.Contains($"TwoConvNet (spec {wider.Info.SpecHash[..12]})", error.Message);
        Assert.EndsWith("Their specs differ:\n  checkpoint: width: 8\n  network:    width: 12", error.Message);
        Assert.Equal(before, wider.Weights());
    }

    [Fact]
    public void Another_network_is_refused_by_both_names()
    {
        Save();
        using var other = new TwoConvNet(name: "OtherNet");

        var message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Folder).LoadInto(other)).Message;

        Assert.Contains("trained for TwoConvNet", message);
        Assert.Contains("loaded into OtherNet", message);
    }

    [Fact]
    public void A_new_checkpoint_replaces_the_old_and_leaves_nothing_beside_it()
    {
        Save(step: 1);
        Save(step: 2);

        Assert.Equal(2, Checkpoint.Open(Folder).Info!.Step);
        Assert.Equal([Folder], Directory.EnumerateFileSystemEntries(root.Path));
        Assert.Equal(
            ["checkpoint.json", "ema.safetensors", "weights.safetensors"], Directory.EnumerateFiles(Folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_leaves_the_old_one_whole()
    {
        Save(step: 1);
        var spoilt = new Ema(network);
        spoilt.Dispose();

        Assert.ThrowsAny<Exception>(() => Checkpoint.Save(Folder, network, spoilt, Training, 2, 0.1));

        Assert.Equal(1, Checkpoint.Open(Folder).Info!.Step);
        Assert.Equal([Folder], Directory.EnumerateFileSystemEntries(root.Path));
    }

    [Fact]
    public void A_folder_with_other_things_in_it_is_not_replaced()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "thesis.tex"), "");

        Assert.Contains("thesis.tex, which would be lost", Assert.Throws<CheckpointException>(() => Save()).Message);
        Assert.True(File.Exists(Path.Combine(Folder, "thesis.tex")));
        Assert.Equal([Folder], Directory.EnumerateFileSystemEntries(root.Path));
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains($"There is no checkpoint {Folder}", Refusal(Folder));

        Directory.CreateDirectory(Folder);
        Assert.Contains("it has no ema.safetensors", Refusal(Folder));

        Save();
        File.Delete(Path.Combine(Folder, "checkpoint.json"));
        Assert.Contains("it has no checkpoint.json", Refusal(Folder));
    }

    [Fact]
    public void Damaged_files_are_named()
    {
        Save();
        var ema = Path.Combine(Folder, "ema.safetensors");
        var bytes = File.ReadAllBytes(ema);
        File.WriteAllBytes(ema, bytes[..^5]);
        Assert.Contains(ema, Refusal(Folder));

        File.WriteAllBytes(ema, bytes);
        var info = Path.Combine(Folder, "checkpoint.json");
        File.WriteAllText(info, File.ReadAllText(info)[..40]);
        Assert.Contains($"{info} is damaged", Refusal(Folder));
    }

    [Fact]
    public void A_safetensors_file_of_another_program_is_refused()
    {
        var path = root.File("other.safetensors");
        SafetensorsFile.Write(path, network.state_dict());

        Assert.Contains("doesn't say which network it belongs to", Refusal(path));
    }

    [Fact]
    public void Tensors_that_do_not_fit_their_spec_are_refused()
    {
        Save();
        var path = Path.Combine(Folder, "ema.safetensors");
        var (tensors, metadata) = SafetensorsFile.Read(path);
        tensors.Remove("conv1.bias");
        SafetensorsFile.Write(path, tensors, metadata);

        var message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Folder).LoadInto(network)).Message;

        Assert.Contains(path, message);
        Assert.EndsWith("  missing:\n    conv1.bias float32 [8]", message);
    }

    private void Save(int step = 120) => Checkpoint.Save(Folder, network, ema, Training, step, 0.25);

    private static string Refusal(string path) => Assert.ThrowsAny<UNetGenException>(() => Checkpoint.Open(path)).Message;

    private static TwoConvNet Emptied()
    {
        var network = new TwoConvNet();
        using var noGradients = no_grad();
        foreach (var parameter in network.parameters())
            parameter.zero_();
        return network;
    }
}
