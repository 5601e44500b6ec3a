using TorchSharp;
using UNetGen.Interop;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What is opened and loaded is what was saved, or it is refused with the reason.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder root = new();
    private readonly TinyCheckpoint tiny = new();

    public void Dispose()
    {
        tiny.Dispose();
        root.Dispose();
    }

    private TwoConvNet Network => tiny.Network;

    [Fact]
    public void Weights_come_back_to_the_bit()
    {
        using var loaded = TinyCheckpoint.Emptied();

        Checkpoint.Open(Save()).LoadInto(loaded, "weights");

        Assert.Equal(Network.Weights(), loaded.Weights());
    }

    [Fact]
    public void The_averaged_weights_are_loaded_where_none_are_named()
    {
        using var loaded = TinyCheckpoint.Emptied();

        Checkpoint.Open(Save()).LoadInto(loaded);

        using (tiny.Ema.Apply())
            Assert.Equal(Network.Weights(), loaded.Weights());
        Assert.NotEqual(Network.Weights(), loaded.Weights());
    }

    [Fact]
    public void Tensors_come_back_by_their_keys()
    {
        using var scope = NewDisposeScope();
        using var file = Checkpoint.Open(Save()).Tensors("weights");

        var tensors = file.ReadAll();

        Assert.Equal(Network.state_dict().Keys, tensors.Keys);
        Assert.Equal(7, tensors["calls"].item<long>());
    }

    [Fact]
    public void What_it_does_not_hold_is_told_with_what_it_holds()
    {
        var folder = Save();

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder).Tensors("optimizer"));

        Assert.Equal($"The checkpoint {folder} has no 'optimizer'; it has weights, ema.", error.Message);
    }

    [Theory]
    [InlineData("optimizer")]
    [InlineData("context")]
    [InlineData("data")]
    public void What_a_training_goes_on_with_is_not_loaded_as_weights_and_those_that_there_are_are_named(string which)
    {
        var content = tiny.Content();
        var tensors = content.Tensors.ToDictionary();
        tensors[which] = new Dictionary<string, Tensor> { ["step"] = ones(1) };
        var folder = new CheckpointStore(root.Path).Save(content with { Tensors = tensors });
        using var network = TinyCheckpoint.Emptied();
        var (whole, alone) = (Checkpoint.Open(folder), Checkpoint.Open(Path.Combine(folder, $"{which}.safetensors")));

        Action[] loads = [() => whole.LoadInto(network, which), () => whole.Begin(network, which), () => alone.LoadInto(network)];
        foreach (var load in loads)
        {
            var error = Assert.Throws<CheckpointException>(load).Message;
            Assert.StartsWith($"'{which}' of the checkpoint {folder}", error);
            Assert.EndsWith("is no network's weights, but what its training goes on with. Weights are in weights, ema.", error);
        }
    }

    [Fact]
    public void It_says_where_it_comes_from_and_how_its_training_goes_on()
    {
        var checkpoint = Checkpoint.Open(Save());

        Assert.Equal(
            (Network.Info.Name, Network.Info.Spec, Network.Info.SpecHash), (checkpoint.Network, checkpoint.Spec, checkpoint.SpecHash));
        var info = checkpoint.Info!;
        Assert.Equal((1, "TwoConvNet", Network.Info.Spec, 120, 0.25), (info.Format, info.Network, info.Spec, info.Step, info.Loss));
        Assert.Equivalent(TinyCheckpoint.Training, info.Training, strict: true);
        Assert.Equal(12.5, info.State["elapsed_seconds"]!.GetValue<double>());
        Assert.Equal("0.107.0", info.TorchsharpVersion.Split('-')[0]);
        Assert.Equal(Environment.Version.ToString(), info.DotnetVersion);
        Assert.Equal(new FileInfo(Path.Combine(checkpoint.Path, "ema.safetensors")).Length, info.Files["ema.safetensors"]);
    }

    [Fact]
    public void A_training_that_never_stepped_can_be_saved()
    {
        var folder = new CheckpointStore(root.Path).Save(tiny.Content(0, double.NaN));

        Assert.Equal(double.NaN, Checkpoint.Open(folder).Info!.Loss);
    }

    [Fact]
    public void A_weights_file_can_stand_alone()
    {
        var alone = root.File("alone.safetensors");
        File.Copy(Path.Combine(Save(), "weights.safetensors"), alone);
        using var loaded = TinyCheckpoint.Emptied();

        var checkpoint = Checkpoint.Open(alone);
        checkpoint.LoadInto(loaded);

        Assert.Null(checkpoint.Info);
        Assert.Equal(["alone"], checkpoint.Stems);
        Assert.Equal(Network.Weights(), loaded.Weights());
    }

    [Theory]
    [InlineData("")]
    [InlineData("checkpoints")]
    [InlineData("checkpoints/step-00000120/")]
    public void A_run_and_its_checkpoints_stand_for_the_newest(string path)
    {
        var store = new CheckpointStore(root.File("checkpoints"));
        store.Save(tiny.Content(99_999_999));
        store.Save(tiny.Content(100_000_000));
        store.Save(tiny.Content(120));

        Assert.Equal(path.EndsWith('/') ? 120 : 100_000_000, Checkpoint.Open(root.File(path)).Info!.Step);
    }

    [Fact]
    public void Another_spec_is_refused_with_the_lines_that_differ()
    {
        var folder = Save();
        using var wider = new TwoConvNet(width: 12);
        var before = wider.Weights();

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder).LoadInto(wider));

        Assert.Contains($"TwoConvNet (spec {Network.Info.SpecHash[..12]})", error.Message);
        Assert.Contains($"TwoConvNet (spec {wider.Info.SpecHash[..12]})", error.Message);
        Assert.EndsWith("Their specs differ:\n  checkpoint: width: 8\n  network:    width: 12", error.Message);
        Assert.Equal(before, wider.Weights());
    }

    [Fact]
    public void Another_network_is_refused_by_both_names()
    {
        var folder = Save();
        using var other = new TwoConvNet(name: "OtherNet");

        var message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder).LoadInto(other)).Message;

        Assert.Contains("trained for TwoConvNet", message);
        Assert.Contains("loaded into OtherNet", message);
    }

    [Fact]
    public void What_is_not_there_is_told()
    {
        Assert.Contains(
            $"There is no checkpoint {root.File("none")}: a checkpoint is a folder with checkpoint.json", Refusal(root.File("none")));
        Assert.Contains($"There is no checkpoint in {root.Path}", Refusal(root.Path));
    }

    [Fact]
    public void A_safetensors_file_of_another_program_is_refused()
    {
        var path = root.File("other.safetensors");
        SafetensorsFile.Write(path, Network.state_dict());

        Assert.Contains("doesn't say which network it belongs to", Refusal(path));
    }

    [Fact]
    public void A_file_alone_says_what_speaks_against_drawing_with_it_in_few_lines_that_can_be_read()
    {
        var path = root.File("alone.safetensors");
        StateDict.Save(path, Network);
        Assert.Empty(Checkpoint.Open(path).Doubts);
        StateDict.Save(path, Network, ["One.", "Two."]);
        Assert.Equal(["One.", "Two."], Checkpoint.Open(path).Doubts);

        var (tensors, metadata) = SafetensorsFile.Read(path);
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string>(metadata)
        {
            ["unetgen.doubts"] = string.Concat(Enumerable.Repeat($"\u001b[2J{new string('x', 500)}\n", 100)),
        });
        var foreign = Checkpoint.Open(path).Doubts;
        Assert.Equal(20, foreign.Count);
        Assert.All(foreign, doubt => Assert.True(doubt.Length < 200 && !doubt.Any(char.IsControl)));
    }

    [Fact]
    public void A_file_alone_with_a_changed_number_is_refused_by_its_own_sum()
    {
        var path = root.File("alone.safetensors");
        StateDict.Save(path, Network);
        Checkpoint.Open(path).LoadInto(new TwoConvNet());
        var bytes = File.ReadAllBytes(path);
        bytes[^2] ^= 0x40;
        File.WriteAllBytes(path, bytes);

        using var other = new TwoConvNet();
        var before = other.Weights();
        var error = Assert.Throws<SafetensorsException>(() => Checkpoint.Open(path).LoadInto(other));

        Assert.Contains("its numbers aren't those that were written: they have another sum than unetgen.tensors_sha256", error.Message);
        Assert.Equal(before, other.Weights());
    }

    [Fact]
    public void A_file_whose_spec_is_not_its_hashs_is_refused()
    {
        var path = root.File("alone.safetensors");
        var (tensors, metadata) = SafetensorsFile.Read(Path.Combine(Save(), "ema.safetensors"));
        SafetensorsFile.Write(
            path, tensors, new Dictionary<string, string>(metadata) { ["unetgen.spec"] = metadata["unetgen.spec"] + "dropout: 0.1\n" });

        Assert.Contains(
            $"{path} contradicts itself: its metadata's unetgen.spec_sha256 isn't the SHA-256 of its unetgen.spec", Refusal(path));
    }

    [Fact]
    public void A_network_whose_hash_is_not_its_specs_is_refused_before_the_first_step()
    {
        using var network = new TwoConvNet();
        network.Described = network.Info with { SpecHash = "0" };

        Assert.StartsWith(
            "TwoConvNet contradicts itself",
            Assert.Throws<UNetGenException>(() => new Trainer(network, new Stripes(), new() { Steps = 1 })).Message);
        Assert.StartsWith(
            "TwoConvNet contradicts itself",
            Assert.Throws<UNetGenException>(() => StateDict.Save(root.File("x.safetensors"), network)).Message);
    }

    [Fact]
    public void Weights_that_are_no_numbers_are_refused_with_where_and_how_many_and_nothing_is_loaded()
    {
        var path = root.File("diverged.safetensors");
        var (_, metadata) = SafetensorsFile.Read(Path.Combine(Save(), "weights.safetensors"));
        using (no_grad())
            Network.get_parameter("conv2.weight")![0, 0].fill_(float.NaN);
        // Without the sum of the numbers that it had.
        SafetensorsFile.Write(path, Network.state_dict(), metadata.Where(pair => pair.Key != "unetgen.tensors_sha256").ToDictionary());
        using var loaded = TinyCheckpoint.Emptied();

        var message = Assert.Throws<UNetGenException>(() => Checkpoint.Open(path).LoadInto(loaded)).Message;

        Assert.Equal(
            $"{path} holds numbers that are NaN or infinite: 9 of 72 in 'conv2.weight'. The "
                + "training that gave them had diverged; take the weights of an earlier step.",
            message);
        Assert.All(loaded.parameters().SelectMany(parameter => parameter.data<float>().ToArray()), value => Assert.Equal(0, value));
        Assert.Contains(
            "9 of 72 in 'conv2.weight'",
            Assert.Throws<UNetGenException>(() => StateDict.Save(root.File("x.safetensors"), Network)).Message);
        Assert.Contains(
            "9 of 72 in 'conv2.weight'", Assert.Throws<UNetGenException>(() => StateDict.Load(loaded, Network.state_dict())).Message);
    }

    [Fact]
    public void A_network_of_another_type_is_told_so_and_the_file_is_not_blamed()
    {
        var folder = Save();
        using var converted = new TwoConvNet();
        converted.to(ScalarType.Float64);

        Assert.StartsWith(
            $"The network has another type than the weights in {Path.Combine(folder, "ema.safetensors")}: make it without a `dtype`, or "
                + "convert it back by `to`, load them, and convert it then. ",
            Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder).LoadInto(converted)).Message);
    }

    [Fact]
    public void Tensors_that_do_not_fit_their_spec_are_refused()
    {
        var path = root.File("alone.safetensors");
        var (tensors, metadata) = SafetensorsFile.Read(Path.Combine(Save(), "ema.safetensors"));
        tensors.Remove("conv1.bias");
        SafetensorsFile.Write(path, tensors, metadata);

        var message = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path).LoadInto(Network)).Message;

        Assert.Contains(path, message);
        Assert.EndsWith("  missing:\n    conv1.bias float32 [8]", message);
    }

    private string Save() => new CheckpointStore(root.Path).Save(tiny.Content());

    private static string Refusal(string path) => Assert.ThrowsAny<UNetGenException>(() => Checkpoint.Open(path)).Message;
}
