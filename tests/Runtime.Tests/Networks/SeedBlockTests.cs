using System.Text.Json;
using UNetGen.Blocks;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>The two blocks by themselves, against Golden/seed_blocks.json.</summary>
public sealed class SeedBlockTests
{
    [Fact]
    public void SinusoidalPosEmb_has_the_references_numbers()
    {
        using var scope = NewDisposeScope();
        var golden = Case("SinusoidalPosEmb_32");
        var embedding = new SinusoidalPosEmb(32).forward(tensor(GoldenNetwork.Longs(golden.GetProperty("inputs").GetProperty("t"))));
        Agree.Values(GoldenNetwork.Floats(golden.GetProperty("output_base64_f32le")), embedding);
    }

    [Theory]
    [InlineData("ResnetBlock_8_16_time", 8, 16, 12L, 4)]
    [InlineData("ResnetBlock_16_16_time", 16, 16, 12L, 8)]
    [InlineData("ResnetBlock_8_16_no_time", 8, 16, null, 8)]
    public void ResnetBlock_has_the_references_keys_and_numbers(string name, long dim, long dimOut, long? timeEmbDim, long groups)
    {
        using var scope = NewDisposeScope();
        using var block = new ResnetBlock(dim, dimOut, timeEmbDim, groups);
        Fill.Parameters(block);
        var golden = Case(name);
        Agree.StateDict(GoldenNetwork.Entries(golden.GetProperty("state_dict")), block);

        var inputs = golden.GetProperty("inputs");
        var timeEmb = inputs.TryGetProperty("time_emb", out var embedding) ? Input(embedding) : null;
        var output = block.forward(Input(inputs.GetProperty("x")), timeEmb);
        Agree.Values(GoldenNetwork.Floats(golden.GetProperty("output_base64_f32le")), output);

        (output * Fill.Input("input:target", 1.0, output.shape)).sum().backward();
        Agree.GradientNorms(GoldenNetwork.Norms(golden.GetProperty("gradient_norms")), block);
    }

    private static Tensor Input(JsonElement nameAndShape) =>
        Fill.Input(nameAndShape[0].GetString()!, GoldenNetwork.Longs(nameAndShape[1]));

    private static JsonElement Case(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "seed_blocks.json")));
        return json.RootElement.EnumerateArray().Single(element => element.GetProperty("name").GetString() == name).Clone();
    }
}
