using UNetGen.Backends.Memory;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

/// <summary>How much there is to attend to.</summary>
internal readonly struct AttentionSize<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Positions whose scores are computed together.</summary>
    public const int RowsAtOnce = 32;

    public AttentionSize(Tensor pixels, Tensor weight, Tensor? memory, long heads)
    {
        (Batch, Positions, Dim) = ((int)pixels.size(0), (int)pixels.size(1), (int)pixels.size(2));
        (Features, Heads, Tokens) = ((int)weight.size(0), (int)heads, memory is null ? 0 : (int)memory.size(2));
        Columns = (Keys + Gemm<V>.Unit - 1) / Gemm<V>.Unit * Gemm<V>.Unit;
    }

    public int Batch { get; }

    public int Positions { get; }

    public int Dim { get; }

    /// <summary>Of all heads.</summary>
    public int Features { get; }

    public int Heads { get; }

    /// <summary>Learned keys.</summary>
    public int Tokens { get; }

    /// <summary>The keys, filled up to whole units of <see cref="Gemm{V}"/>.</summary>
    public int Columns { get; }

    public int Keys => Positions + Tokens;

    public int HeadDim => Features / Heads;

    public float Factor => 1 / MathF.Sqrt(HeadDim);
}

/// <summary>The pixels' queries, keys and values: products with the turned weights.</summary>
internal readonly unsafe struct AttentionProjections<V>
    where V : unmanaged, IFloats<V>
{
    private readonly AttentionSize<V> size;
    private readonly float* weights;
    private readonly float* queryBias;
    private readonly float* keyBias;
    private readonly float* valueBias;

    public AttentionProjections(Tensor[] weights, Tensor[]? biases, AttentionSize<V> size)
    {
        this.size = size;
        this.weights = Scratch.TakeForAll(3L * size.Dim * size.Features);
        for (var which = 0; which < 3; which++)
            Transposition.Matrix<V>(
                TensorMemory.Of(weights[which]), size.Features, size.Dim, this.weights + (long)which * size.Dim * size.Features);
        queryBias = TensorMemory.Of(biases?[0]);
        keyBias = TensorMemory.Of(biases?[1]);
        valueBias = TensorMemory.Of(biases?[2]);
    }

    /// <summary>Some features' queries, scaled, [rows, count].</summary>
    public void Queries(float* pixels, int rows, int feature, int count, float* to)
    {
        Project(pixels, rows, 0, queryBias, feature, count, to);
        AttentionScores<V>.Scale(to, (long)rows * count, size.Factor);
    }

    /// <summary>Some heads' keys of an image and of the tokens, [columns, count].</summary>
    public void Keys(float* pixels, float* tokens, int feature, int count, float* to)
    {
        Project(pixels, size.Positions, 1, keyBias, feature, count, to);
        Remember(tokens, feature, count, to);
    }

    /// <summary>Some heads' values of an image and of the tokens, [columns, count].</summary>
    public void Values(float* pixels, float* tokens, int feature, int count, float* to)
    {
        Project(pixels, size.Positions, 2, valueBias, feature, count, to);
        Remember(tokens is null ? null : tokens + (long)size.Features * size.Tokens, feature, count, to);
    }

    private void Project(float* pixels, int rows, int which, float* bias, int feature, int count, float* to)
    {
        for (var row = 0; bias is not null && row < rows; row++)
            new Span<float>(bias + feature, count).CopyTo(new(to + (long)row * count, count));
        var matrix = weights + (long)which * size.Dim * size.Features + feature;
        Gemm<V>.Multiply(pixels, size.Dim, 1, matrix, size.Features, to, count, rows, size.Dim, count, add: bias is not null);
    }

    /// <summary>The tokens after the pixels, [heads, tokens, d] as rows of the heads, and zeros up to whole registers.</summary>
    private void Remember(float* tokens, int feature, int count, float* to)
    {
        new Span<float>(to + (long)size.Positions * count, (size.Columns - size.Positions) * count).Clear();
        tokens += (long)feature * size.Tokens;
        for (var first = 0; first < count; first += size.HeadDim)
        {
            for (var token = 0; token < size.Tokens; token++, tokens += size.HeadDim)
                new Span<float>(tokens, size.HeadDim).CopyTo(new(to + (long)(size.Positions + token) * count + first, size.HeadDim));
        }
    }
}
