using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>A part of another source's images.</summary>
public class SubsetSourceTests
{
    private readonly ShapesSource whole = new(1, 16, 16, count: 8);

    [Fact]
    public void A_list_that_its_owner_changes_afterwards_changes_nothing()
    {
        var numbers = new List<int> { 2, 1 };
        var part = new SubsetSource(whole, numbers);
        var identity = part.Identity;

        numbers.Add(5);

        Assert.Equal(2, part.Count);
        Assert.Equal(identity, part.Identity);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(8)]
    public void A_number_that_is_no_image_is_refused_when_the_part_is_made(int number)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>("numbers", () => new SubsetSource(whole, [0, number]));

        Assert.StartsWith($"Number 1 of the subset is no image of {whole.Description}, which has 8 images; the first is 0.", error.Message);
    }
}
