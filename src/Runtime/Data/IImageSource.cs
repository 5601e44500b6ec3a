namespace UNetGen.Data;

/// <summary>Images to learn from, all of one shape, each reachable by its number.</summary>
public interface IImageSource
{
    /// <summary>What it is, for people: <c>shapes, seed 0</c> or <c>4,096 files in photos/</c>.</summary>
    string Description { get; }

    /// <summary>How many images there are. As their shape, it stays as it is while they are read.</summary>
    int Count { get; }

    /// <summary>Channels of every image: of pictures 1 (grey) or 3 (RGB), of latents any number.</summary>
    int Channels { get; }

    /// <summary>Pixels.</summary>
    int Height { get; }

    /// <summary>Pixels.</summary>
    int Width { get; }

    /// <summary>Channels of the condition that each image has, what it is to be made from; 0: they have none, as here.</summary>
    int ConditionChannels => 0;

    /// <summary>The names of the classes, by label; empty where images have none, as here.</summary>
    IReadOnlyList<string> Classes => [];

    /// <summary>
    /// Which images these are, by what is cheap to know: a training that goes on compares it with what it was. A source that can tell its
    /// images from others' of the same number and shape says so here, with <see cref="DataIdentity.Of"/>.
    /// </summary>
    DataIdentity Identity => DataIdentity.Of(this);

    /// <summary>
    /// What is known of the files behind the images, to be kept with a training; null where there are none, or they are told apart by
    /// <see cref="Identity"/>.
    /// </summary>
    FileRecord? Record => null;

    /// <summary>
    /// What the user should know of the images before they are used, a sentence each: what was left out of a folder. A program shows them
    /// as warnings.
    /// </summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>
    /// Whether the source itself has brought bytes of 0 to 255 to [-1, 1], so that values without a negative one are light images and no
    /// mistake in scaling.
    /// </summary>
    bool ScalesBytes => false;

    /// <summary>
    /// Whether all values lie in [-1, 1], as those of pictures do. Those of latents don't: a network that learns from them may not clip
    /// what it draws (<c>clip_sample: false</c>).
    /// </summary>
    bool IsBounded => true;

    /// <summary>The shape of the images' contexts, such as texts, for networks that take any; null where they have none, as here.</summary>
    ContextShape? Context => null;

    /// <summary>The class of an image. Safe to call from several threads.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <returns>From 0 to the number of <see cref="Classes"/> - 1, for the same number always the same.</returns>
    /// <exception cref="InvalidOperationException">There are no classes.</exception>
    int Label(int index) => throw new InvalidOperationException($"{Description}: the images have no classes.");

    /// <summary>
    /// Writes one image, [channels, height, width] in row-major order, values in [-1, 1] where it <see cref="IsBounded"/>. Safe to call
    /// from several threads.
    /// </summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1. The same number gives the same image, always.</param>
    /// <param name="pixels">channels * height * width values, all to be written: until then they are NaN.</param>
    void Read(int index, Span<float> pixels);

    /// <summary>Writes the context of one image, [tokens, width] in row-major order. Safe to call from several threads.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1. The same number gives the same context, always.</param>
    /// <param name="values">tokens * width values.</param>
    /// <exception cref="InvalidOperationException">There are no contexts.</exception>
    void ReadContext(int index, Span<float> values) =>
        throw new InvalidOperationException($"{Description}: the images have no contexts.");

    /// <summary>
    /// Writes what stands for no context, as an empty text's: dropped contexts are replaced by it, and guidance leads away from it. Zeros
    /// where the source doesn't say otherwise.
    /// </summary>
    /// <param name="values">tokens * width values.</param>
    void ReadNullContext(Span<float> values) => values.Clear();

    /// <summary>
    /// Writes one image as <see cref="Read"/> does, and its condition, which belongs to it pixel by pixel. Safe to call from several
    /// threads.
    /// </summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    /// <param name="place">
    /// The image's place in the endless row of all epochs, from 0: what chance decides of a condition, a mask, follows from a seed and from
    /// this alone, so that it is another in each epoch, and the same again wherever a training goes on.
    /// </param>
    /// <param name="pixels">channels * height * width values.</param>
    /// <param name="condition">condition channels * height * width values, in [-1, 1].</param>
    /// <exception cref="InvalidOperationException">The images have no condition.</exception>
    void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition) =>
        throw new InvalidOperationException($"{Description}: the images have no condition.");
}
