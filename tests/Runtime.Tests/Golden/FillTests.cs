namespace UNetGen.Runtime.Tests.Golden;

public class FillTests
{
    [Fact]
    public void The_hash_is_the_references() => Assert.Equal(4216085681u, Fill.Hash("input:x"));

    [Theory]
    [InlineData(0, 0.1638881149701774)]
    [InlineData(1, -0.015476043801754713)]
    [InlineData(2, 0.4502956634387374)]
    public void Values_are_the_references(long index, double expected) => Assert.Equal(expected, Fill.Value("input:x", index), 1e-15);

    [Theory]
    [InlineData("norm.g", 1.0, 0.1, new long[] { 8 })]
    [InlineData("attn.mem_kv", 0.0, 1.0, new long[] { 2, 4, 4, 32 })]
    [InlineData("conv.weight", 0.0, 0.5, new long[] { 16, 3, 2, 2 })]
    [InlineData("norm.weight", 1.0, 0.1, new long[] { 8 })]
    [InlineData("conv.bias", 0.0, 0.1, new long[] { 8 })]
    public void A_parameters_key_and_shape_give_offset_and_scale(string key, double offset, double scale, long[] shape)
    {
        var values = Fill.ParameterValues(key, shape);

        Assert.Equal(shape.Aggregate(1L, (a, b) => a * b), values.Length);
        Assert.All(values.Select((value, i) => (value, i)), pair =>
            Assert.Equal((float)(offset + scale * Fill.Value(key, pair.i)), pair.value));
    }
}
