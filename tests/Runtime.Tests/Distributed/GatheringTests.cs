using CsCheck;
using UNetGen.Distributed;
using UNetGen.Runtime.Tests.Training;

namespace UNetGen.Runtime.Tests.Distributed;

// Ranks that are threads set libtorch's number of threads, of which a process has one as well.
[Collection(nameof(GlobalGenerator))]
public class GatheringTests
{
    [Fact]
    public void All_know_the_numbers_and_texts_of_each()
    {
        Gen.Select(Gen.Long.Array[1, 5], Gen.String.Array[3]).Sample(
            (numbers, texts) =>
            {
                var answers = ThreadCollective.Run(3, collective =>
                (
                    Numbers: collective.Gather([.. numbers.Select(number => unchecked(number * (collective.Rank + 1)))]),
                    Texts: collective.Gather(texts[collective.Rank])
                ));
                foreach (var (gathered, said) in answers)
                {
                    Assert.Equal(Enumerable.Range(1, 3).Select(times => numbers.Select(number => unchecked(number * times))), gathered);
                    Assert.Equal(texts.Select(WellFormed), said);
                }
            },
            iter: 20);

        // Half of a surrogate pair is no text.
        static string WellFormed(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
    }

    [Fact]
    public void A_process_alone_gathers_its_own()
    {
        Assert.Equal([3, 4], Assert.Single(new SingleProcess().Gather(3, 4)));
        Assert.Equal([""], new SingleProcess().Gather(""));
    }
}
