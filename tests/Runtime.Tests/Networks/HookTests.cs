using System.Reflection;
using TorchSharp;
using UNetGen.Data;
using UNetGen.Interop;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>The partial methods of a generated class, implemented in <see cref="HookedUNet"/>.</summary>
public sealed class HookTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly HookedUNet network = new();
    private readonly Tensor x;
    private readonly Tensor t;

    public HookTests()
    {
        network.eval();
        x = randn(2, 1, 8, 8);
        t = tensor([0L, 7L]);
    }

    public void Dispose()
    {
        network.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void A_class_with_hooks_goes_on_with_a_training_that_had_none_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var images = new ShapesSource(1, 8, 8, count: 8);
        var options = new TrainingOptions { Steps = 1, BatchSize = 2 };
        var store = new CheckpointStore(folder.File("with"));
        using (var trainer = new Trainer(network, images, options))
            trainer.Train(store: store);
        // As the same class without its hooks would have written it.
        using var without = new TwoConvNet { Described = network.Info };
        using (var trainer = new Trainer(network, images, options))
        {
            trainer.Restore(store.Newest()!);
            new CheckpointStore(folder.File("without")).Save(trainer.Capture() with { Network = without });
        }

        Assert.Empty(Restored("with"));
        Assert.Equal(
            $"The class HookedUNet has code of its own here (OnConstructed, OnForwarding, OnForwarded), and the one that was trained in "
                + $"{folder.File("without/step-00000001")} had not: where that code changes what is computed, the weights have learnt without it.",
            Assert.Single(Restored("without")));

        // So does one that begins with the weights, and what is written of them keeps what their class had.
        var opened = Checkpoint.Open(folder.File("without"));
        Assert.Equal(Assert.Single(Restored("without")), Assert.Single(opened.Begin(network)), ignoreCase: true);
        StateDict.Save(folder.File("exported.safetensors"), network, doubts: null, opened.TrainedHooks);
        Assert.Empty(Checkpoint.Open(folder.File("exported.safetensors")).TrainedHooks);
        StateDict.Save(folder.File("own.safetensors"), network);
        Assert.Equal(network.Hooks, Checkpoint.Open(folder.File("own.safetensors")).TrainedHooks);

        IEnumerable<string> Restored(string name)
        {
            var told = new ListLogger();
            using var trainer = new Trainer(network, images, options, logger: told);
            trainer.Restore(Checkpoint.Open(folder.File(name)));
            return told.Warnings;
        }
    }

    [Fact]
    public void A_training_whose_hooks_registered_weights_names_the_code_that_a_class_lacks_to_go_on()
    {
        using var folder = new TemporaryFolder();
        var images = new ShapesSource(1, 8, 8, count: 8);
        var options = new TrainingOptions { Steps = 1, BatchSize = 2 };
        var store = new CheckpointStore(folder.Path);
        using (var registering = HookedUNet.Make(made => made.register_module("head", made.Head)))
        using (var trainer = new Trainer(registering, images, options))
            trainer.Train(store: store);

        using var without = new TwoConvNet { Described = network.Info };
        using var going = new Trainer(without, images, options);
        var error = Assert.Throws<CheckpointException>(() => going.Restore(store.Newest()!)).Message;
        Assert.Contains(
            "has code of its own (OnConstructed, OnForwarding, OnForwarded), and the network that is made of its spec here hasn't", error);
        Assert.DoesNotContain("frozen", error);
    }

    [Fact]
    public void Pictures_of_a_class_with_hooks_say_so()
    {
        using var folder = new TemporaryFolder();
        new SampleFolder(folder.File("drawn")).Draw(network, new DdimSampler(1), new() { Count = 1 });
        Assert.Contains(
            "\"hooks\": \"OnConstructed OnForwarding OnForwarded\"", File.ReadAllText(folder.File("drawn/samples.json")));
    }

    [Fact]
    public void A_hook_that_is_not_implemented_is_not_there()
    {
        Assert.Empty(Hooks(typeof(FourierUNet)));
        Assert.Equal(["OnConstructed", "OnForwarded", "OnForwarding"], Hooks(typeof(HookedUNet)));

        static IEnumerable<string> Hooks(Type type) =>
            type.GetMethods(BindingFlags.Instance | BindingFlags.NonPublic).Select(method => method.Name)
                .Where(name => name.StartsWith("On", StringComparison.Ordinal)).Order();
    }

    [Fact]
    public void Arguments_and_output_may_be_replaced()
    {
        var expected = network.forward(x * 2, t + 1) - 3;
        network.Images = images => images * 2;
        network.Timesteps = timesteps => timesteps + 1;
        network.Output = output => output - 3;
        Assert.True(network.forward(x, t).allclose(expected));
    }

    [Fact]
    public void Arguments_are_checked_as_the_hook_leaves_them()
    {
        network.Images = images => images.expand(-1, 2, -1, -1);
        Assert.Contains("got [2, 2, 8, 8]", Assert.Throws<ArgumentException>(() => network.forward(x, t)).Message);
        network.Images = images => images[.., ..1];
        Assert.Equal([2, 1, 8, 8], network.forward(cat([x, x], 1), t).shape);
    }

    [Fact]
    public void Gradients_go_through_the_hooks()
    {
        network.Images = images => images * 2;
        network.Output = output => output * 3;
        network.forward(x, t).sum().backward();
        var doubled = network.final_conv.bias!.grad!.clone();
        network.zero_grad();
        network.Output = output => output;
        network.forward(x, t).sum().backward();
        Assert.True(doubled.allclose(network.final_conv.bias!.grad! * 3));
    }

    [Fact]
    public void What_hooks_make_and_replace_is_disposed_with_the_pass_but_the_result()
    {
        using var noGradients = no_grad();
        Tensor? images = null, replaced = null;
        network.Images = given => images = given * 2;
        network.Output = output => (replaced = output) - 3;
        network.forward(x, t).Dispose();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        var result = network.forward(x, t);

        Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.True(images!.IsInvalid);
        Assert.True(replaced!.IsInvalid);
        Assert.False(x.IsInvalid);
        Assert.Equal([2, 1, 8, 8], result.shape);
        Assert.True(scope.Contains(result));
    }

    [Fact]
    public void A_tensor_that_a_hook_took_from_elsewhere_stays_where_it_belongs()
    {
        var kept = zeros(2, 1, 8, 8).DetachFromDisposeScope();
        network.Images = _ => kept;
        network.Output = _ => kept;
        using (var caller = NewDisposeScope())
        {
            Assert.Same(kept, network.forward(x, t));
            var own = zeros(1);
            network.Output = _ => own;
            network.forward(x, t);
            Assert.True(caller.Contains(own));
        }

        Assert.False(kept.IsInvalid);
        kept.Dispose();
    }

    [Fact]
    public void A_part_that_is_added_on_construction_moves_is_saved_and_is_loaded_with_the_rest()
    {
        using var folder = new TemporaryFolder();
        using var larger = HookedUNet.Make(made => made.register_module("head", made.Head), ScalarType.Float64);
        Assert.Equal([.. network.Info.StateDict.Select(entry => entry.Key), "head.weight", "head.bias"], larger.state_dict().Keys);
        Assert.All(larger.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));

        var path = folder.File("larger.safetensors");
        SafetensorsFile.Write(path, larger.state_dict());
        using var file = SafetensorsFile.Open(path);
        using var loaded = HookedUNet.Make(made => made.register_module("head", made.Head), ScalarType.Float64);
        StateDict.Load(loaded, file);
        Assert.True(loaded.state_dict()["head.weight"].allclose(larger.state_dict()["head.weight"]));
        network.to(ScalarType.Float64);
        Assert.EndsWith(
            "  unexpected:\n    head.* (2 entries)", Assert.Throws<StateDictException>(() => StateDict.Load(network, file)).Message);
    }

    [Fact]
    public void The_parts_are_there_and_registered_when_the_constructor_s_hook_runs()
    {
        var keys = new List<string>();
        using var made = HookedUNet.Make(network =>
        {
            keys.AddRange(network.state_dict().Keys);
            nn.init.constant_(network.final_conv.weight, 5);
        });
        Assert.Equal(made.Info.StateDict.Select(entry => entry.Key), keys);
        Assert.True(made.final_conv.weight.eq(5).all().item<bool>());
    }

    [Fact]
    public void Hooks_of_a_conditional_network_see_its_conditions_once_a_pass()
    {
        using var conditional = new HookedConditionsUNet();
        conditional.forward(x, t);
        conditional.forward(x, t, tensor([0L, 1L]));
        conditional.forward(x, t, labels: null, selfCondition: x);
        Assert.Equal(
            ["before: no labels, no condition", "after", "before: labels, no condition", "after", "before: no labels, condition", "after"],
            conditional.Calls);
    }
}
