using SkiaSharp;
using UNetGen.Data;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Data;

public sealed class ImageSourcesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_word_shapes_stands_for_shapes_of_the_seed()
    {
        var source = ImageSources.Open("shapes", 3, 16, 24, seed: 5);
        Assert.Equal("65,536 shapes, seed 5", Assert.IsType<ShapesSource>(source).Description);
        Assert.Equal((3, 16, 24), (source.Channels, source.Height, source.Width));
    }

    [Theory]
    [InlineData("train-images-idx3-ubyte")]
    [InlineData("train-images-idx3-ubyte.gz")]
    public void A_folder_with_mnist_s_file_is_that_file_even_beside_pictures_and_says_what_is_left_out(string name)
    {
        folder.Write(name, IdxSourceTests.Idx(1, 2, 2, 1, 2, 3, 4));
        Assert.Empty(Assert.IsType<IdxSource>(ImageSources.Open(folder.Path, 1, 2, 2)).Notes);

        folder.Write("png/a.png", ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Red));
        Assert.Equal(
            [$"{folder.Path}: read are MNIST's files alone: left out are 1 picture (png/a.png). To learn from those, put them into a "
                + "folder of their own."],
            Assert.IsType<IdxSource>(ImageSources.Open(folder.Path, 1, 2, 2)).Notes);

        folder.Write("png/b.png", ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Red));
        folder.Write("data_batch_1.bin", Cifar10SourceTests.Record(label: 3, value: 0));
        Assert.Contains(
            "left out are CIFAR-10's files and 2 pictures (png/a.png and others).",
            Assert.Single(ImageSources.Open(folder.Path, 1, 2, 2).Notes));
    }

    [Fact]
    public void An_idx_file_of_any_name_is_known_by_its_content() =>
        Assert.IsType<IdxSource>(ImageSources.Open(folder.Write("digits", IdxSourceTests.Idx(1, 2, 2, 1, 2, 3, 4)), 1, 2, 2));

    [Fact]
    public void A_folder_with_pictures_somewhere_in_it_is_a_set_of_pictures()
    {
        folder.Write("deep/down/a.png", ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Red));
        Assert.IsType<ImageFolderSource>(ImageSources.Open(folder.Path, 1, 2, 2));
    }

    [Fact]
    public void A_path_to_nothing_says_what_can_be_given()
    {
        var path = Path.Combine(folder.Path, "shape");
        Assert.Equal(
            $"There is no file or folder '{path}'. Training data is the word 'shapes', an IDX file, or a folder of pictures, of MNIST's "
                + "files, of CIFAR-10's or of latents.",
            Assert.Throws<DataException>(() => ImageSources.Open(path, 1, 2, 2)).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cifar-10-batches-bin/")]
    public void A_folder_with_cifar_10_s_files_is_that_set(string inside)
    {
        for (var number = 1; number <= 5; number++)
            folder.Write($"{inside}data_batch_{number}.bin", Cifar10SourceTests.Record(label: 3, value: 0));
        folder.Write("mine/a.png", ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Red));
        var source = Assert.IsType<Cifar10Source>(ImageSources.Open(folder.Path, 3, 32, 32));
        Assert.Equal(5, source.Count);
        Assert.Contains("read are CIFAR-10's files alone: left out are 1 picture (mine/a.png).", Assert.Single(source.Notes));
    }

    [Fact]
    public void An_empty_folder_and_one_without_images_say_what_was_looked_for()
    {
        Assert.Contains($"'{folder.Path}' is empty: looked for train-images-idx3-ubyte", Refusal(folder.Path));
        folder.Write("notes.txt", [1]);
        Assert.Equal(
            $"'{folder.Path}' holds no images: looked for train-images-idx3-ubyte or t10k-images-idx3-ubyte (MNIST, also with a "
            + "dot before idx3, and .gz), for "
                + "data_batch_1.bin to data_batch_5.bin "
            + "(CIFAR-10's binary version), for .safetensors files with latents, and for .png, .jpg, .jpeg, .jpe, .jfif, .jif, .webp, "
            + ".bmp, .dib and .gif files in it and in its folders. What is there: 1 .txt.",
            Refusal(folder.Path));
    }

    [Fact]
    public void A_single_picture_is_answered_with_give_the_folder() =>
        Assert.Contains("give the folder", Refusal(folder.Write("a.png", ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Red))));

    [Fact]
    public void A_single_file_of_latents_is_answered_with_its_folder() =>
        Assert.EndsWith(
            $"Latents are read from a folder: give the one that holds it, '{folder.Path}'.",
            Refusal(LatentFiles.Write(folder.Path, "a.safetensors", ("latents", zeros(1, 1, 2, 2)))));

    [Fact]
    public void Latents_in_folders_of_the_folder_are_named()
    {
        LatentFiles.Write(folder.File("train"), "a.safetensors", ("latents", zeros(1, 1, 2, 2)));
        folder.Write("notes/a.txt", [1]);
        Assert.EndsWith(
            $"and those in its folders aren't read: train. Give that one, '{folder.File("train")}'.", Refusal(folder.Path));

        LatentFiles.Write(folder.File("birds"), "a.safetensors", ("latents", zeros(1, 1, 2, 2)));
        Assert.EndsWith(
            "aren't read: birds, train. Give one of these, or put all files into one folder; classes are told by `labels` in the files.",
            Refusal(folder.Path));
    }

    [Fact]
    public void A_file_of_labels_is_named_as_such() =>
        Assert.Contains("labels", Refusal(folder.Write("labels", [0, 0, 8, 1, 0, 0, 0, 1, 5])));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Data_that_no_process_opens_is_refused(int sharers) =>
        Assert.Throws<ArgumentOutOfRangeException>("sharers", () => ImageSources.Open(folder.Path, 1, 2, 2, sharers: sharers));

    private static string Refusal(string text) => Assert.Throws<DataException>(() => ImageSources.Open(text, 1, 2, 2)).Message;
}
