using UNetGen.Interop.Diffusers;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>
/// Networks to diffusers' folders and back. The specs that come back lie in Specs/imported_*, so that they are compiled here like a user's.
/// </summary>
public sealed class DiffusersRoundTripTests
{
    public static TheoryData<string> Cases =>
    [
        "ddpm_tiny", "ddpm_classes", "exchange_many_keys", "exchange_one_level", "exchange_zero_terminal", "exchange_flow", "exchange_edm",
        "cond_sd1_tiny", "cond_sd2_tiny", "cond_inpaint_tiny", "exchange_conditional",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_spec_that_comes_back_means_the_same_network_and_diffusion(string name)
    {
        using var folder = new TemporaryFolder();
        using var network = Exported(name);
        DiffusersFolder.Save(folder.File(name), network);

        Assert.Equal(ImportedSpec(name), DiffusersFolder.Open(folder.File(name)).SpecYaml());

        using var imported = Imported(name);
        Assert.Equal(network.Info.Spec, imported.Info.Spec);
        Assert.Equal(network.Info.SpecHash, imported.Info.SpecHash);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_weights_that_come_back_are_the_same_bit_for_bit(string name)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var network = Exported(name);
        using var imported = Imported(name);
        Fill.Parameters(network);
        DiffusersFolder.Save(folder.File(name), network);

        DiffusersFolder.Open(folder.File(name)).LoadInto(imported);

        var (ours, theirs) = (network.state_dict(), imported.state_dict());
        Assert.Equal(ours.Keys, theirs.Keys);
        Assert.All(ours, pair => Assert.Equal(pair.Value.bytes.ToArray(), theirs[pair.Key].bytes.ToArray()));
    }

    [Fact]
    public void What_speaks_against_drawing_with_the_weights_comes_back_with_them()
    {
        using var folder = new TemporaryFolder();
        using var network = Exported("ddpm_tiny");
        DiffusersFolder.Save(folder.File("good"), network);
        DiffusersFolder.Save(folder.File("doubtful"), network, ["The average hardly moved."]);

        Assert.Empty(DiffusersFolder.Open(folder.File("good")).Doubts);
        Assert.Equal(["The average hardly moved."], DiffusersFolder.Open(folder.File("doubtful")).Doubts);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(true)]
    [InlineData(false)]
    public void Whether_weights_were_trained_on_pictures_comes_back_with_them(bool? isBounded)
    {
        using var folder = new TemporaryFolder();
        using var network = Exported("ddpm_tiny");
        using var other = Exported("ddpm_tiny");
        network.IsBounded = isBounded;
        DiffusersFolder.Save(folder.File("diffusers"), network);

        var saved = DiffusersFolder.Open(folder.File("diffusers"));
        other.IsBounded = !isBounded;
        saved.LoadInto(other);

        Assert.Equal(isBounded, saved.IsBounded);
        Assert.Equal(isBounded, other.IsBounded);
        Assert.Equal(isBounded, Checkpoint.Open(saved.WeightsPath).IsBounded);
    }

    [Fact]
    public void A_network_of_another_diffusion_does_not_take_the_weights()
    {
        using var folder = new TemporaryFolder();
        using var network = Exported("exchange_flow");
        using var other = Exported("exchange_edm");
        DiffusersFolder.Save(folder.File("flow"), network);

        Assert.Equal(
            ["_class_name: \"FlowMatchEulerDiscreteScheduler\" in the folder, but \"EDMEulerScheduler\" in the network"],
            Assert.Throws<DiffusersException>(() => DiffusersFolder.Open(folder.File("flow")).LoadInto(other)).Reasons);
    }

    [Fact]
    public void A_scheduler_that_was_put_in_the_place_of_another_counts()
    {
        using var folder = new TemporaryFolder();
        using var network = Exported("exchange_flow");
        DiffusersFolder.Save(folder.File("flow"), network);
        File.WriteAllText(folder.File("flow/scheduler/scheduler_config.json"), """{"_class_name": "EDMEulerScheduler", "sigma_max": 50}""");

        Assert.EndsWith(
            "\ndiffusion: { type: edm, sigma_max: 50 }\n", DiffusersFolder.Open(folder.File("flow")).SpecYaml());
    }

    [Fact]
    public void A_class_name_is_written_where_one_is_given()
    {
        using var folder = new TemporaryFolder();
        using var network = Exported("ddpm_tiny");
        DiffusersFolder.Save(folder.File("tiny"), network);
        Assert.Contains("\nname: BirdUNet\npreset: ddpm\n", DiffusersFolder.Open(folder.File("tiny")).SpecYaml("BirdUNet"));
    }

    internal static string ImportedSpec(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Specs", $"imported_{name}.unet.yaml")).ReplaceLineEndings("\n");

    private static NoisePredictor Exported(string name) => name switch
    {
        "ddpm_tiny" => new DdpmTinyUNet(),
        "ddpm_classes" => new DdpmClassesUNet(),
        "exchange_many_keys" => new ExchangeManyKeysUNet(),
        "exchange_one_level" => new ExchangeOneLevelUNet(),
        "exchange_zero_terminal" => new ExchangeZeroTerminalUNet(),
        "exchange_flow" => new ExchangeFlowUNet(),
        "exchange_edm" => new ExchangeEdmUNet(),
        "cond_sd1_tiny" => new CondSd1TinyUNet(),
        "cond_sd2_tiny" => new CondSd2TinyUNet(),
        "cond_inpaint_tiny" => new CondInpaintTinyUNet(),
        "exchange_conditional" => new ExchangeConditionalUNet(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static NoisePredictor Imported(string name) => name switch
    {
        "ddpm_tiny" => new ImportedDdpmTinyUNet(),
        "ddpm_classes" => new ImportedDdpmClassesUNet(),
        "exchange_many_keys" => new ImportedExchangeManyKeysUNet(),
        "exchange_one_level" => new ImportedExchangeOneLevelUNet(),
        "exchange_zero_terminal" => new ImportedExchangeZeroTerminalUNet(),
        "exchange_flow" => new ImportedExchangeFlowUNet(),
        "exchange_edm" => new ImportedExchangeEdmUNet(),
        "cond_sd1_tiny" => new ImportedCondSd1TinyUNet(),
        "cond_sd2_tiny" => new ImportedCondSd2TinyUNet(),
        "cond_inpaint_tiny" => new ImportedCondInpaintTinyUNet(),
        "exchange_conditional" => new ImportedExchangeConditionalUNet(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
