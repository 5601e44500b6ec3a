using SkiaSharp;
using UNetGen.Data;
using UNetGen.Evaluation;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Evaluation;

/// <summary>Who counts images counts each whole one once.</summary>
public sealed class WholeImagesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(1, new[] { 0, 2, 4 })]
    [InlineData(2, new[] { 0, 2, 4 })]
    [InlineData(8, new[] { 0, 2, 4 })]
    public void Images_of_broken_files_are_left_out_and_none_stands_in(int batchSize, int[] whole)
    {
        WriteFiles(isWhole: number => number % 2 == 0);
        var source = ImageFolderSource.Open(folder.Path, 1, 4, 4);
        var subset = new SubsetSource(source, [4, 3, 2, 1, 0]);

        Assert.Equal(whole, Numbers(source));
        Assert.Equal(whole, Numbers(subset));
        Assert.Equal([.. whole.Select(number => 10 * number)], Levels(source));
        Assert.Equal([40, 20, 0], Levels(subset));

        int[] Numbers(IImageSource images) => [.. WholeImages.InOrder(images, batchSize).SelectMany(batch => batch.Numbers)];

        int[] Levels(IImageSource images) =>
            [.. WholeImages.InOrder(images, batchSize).SelectMany(batch => batch.Images[.., 0, 0, 0].data<float>())
                .Select(value => (int)Math.Round((value + 1) * 127.5))];
    }

    [Fact]
    public void Where_none_is_whole_it_is_said_and_nothing_is_measured()
    {
        using var classifier = SmallClassifier.Train(new ShapesSource(1, 8, 8, count: 16), epochs: 1, batchSize: 8);
        WriteFiles(isWhole: _ => false);
        var source = ImageFolderSource.Open(folder.Path, 1, 8, 8);

        foreach (var measure in (Action[])[() => ImageStatistics.Of(source, classifier), () => classifier.Accuracy(source, _ => 0)])
            Assert.Equal(
                $"None of the images can be counted: 5 pictures in {folder.Path}, and all of their files are broken.",
                Assert.Throws<DataException>(measure).Message);
    }

    /// <summary>Five pictures of one grey each, ten levels apart; those that aren't whole are no pictures.</summary>
    private void WriteFiles(Predicate<int> isWhole)
    {
        foreach (var number in Enumerable.Range(0, 5))
        {
            using var bitmap = new SKBitmap(4, 4);
            bitmap.Erase(new SKColor((byte)(10 * number), (byte)(10 * number), (byte)(10 * number)));
            using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            File.WriteAllBytes(folder.File($"{number}.png"), isWhole(number) ? png.ToArray() : [1, 2, 3]);
        }
    }
}
