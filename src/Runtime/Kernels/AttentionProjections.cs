using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>How much there is to attend to.</summary>
internal readonly struct AttentionSize
{
    /// <summary>Positions whose scores are computed together.</summary>
    public const int RowsAtOnce = 32;

    public AttentionSize(Tensor pixels, Tensor weight, Tensor? memory, long heads)
    {
        (Batch, Positions, Dim) = ((int)pixels.size(0), (int)pixels.size(1), (int)pixels.size(2));
        (Features, Heads, Tokens) = ((int)weight.size(0), (int)heads, memory is null ? 0 : (int)memory.size(2));
        Columns = (Keys + Gemm.Lanes - 1) / Gemm.Lanes * Gemm.Lanes;
    }

    public int Batch { get; }

    public int Positions { get; }

    public int Dim { get; }

    /// <summary>Of all heads.</summary>
    public int Features { get; }

    public int Heads { get; }

    /// <summary>Learned keys.</summary>
    public int Tokens { get; }

    /// <summary>The keys, filled up to whole registers.</summary>
    public int Columns { get; }

    public int Keys => Positions + Tokens;

    public int HeadDim => Features / Heads;

    public float Factor => 1 / MathF.Sqrt(HeadDim);
}

/// <summary>The pixels' queries, keys and values: products with the turned weights.</summary>
internal readonly unsafe struct AttentionProjections
{
    private readonly AttentionSize size;
    private readonly float* weights;
    private readonly float* queryBias;
    private readonly float* keyBias;
    private readonly float* valueBias;

    public AttentionProjections(Tensor[] weights, Tensor[]? biases, AttentionSize size)
    {
        this.size = size;
        this.weights = Scratch.TakeForAll(3L * size.Dim * size.Features);
        for (var which = 0; which < 3; which++)
            Transposition.Matrix(TensorMemory.Of(weights[which]), size.Features, size.Dim, this.weights + (long)which * size.Dim * size.Features);
        queryBias = TensorMemory.Of(biases?[0]);
        keyBias = TensorMemory.Of(biases?[1]);
        valueBias = TensorMemory.Of(biases?[2]);
    }

    public void Queries(float* pixels, int rows, float* to)
    {
        Project(pixels, rows, 0, queryBias, to);
        AttentionScores.Scale(to, (long)rows * size.Features, size.Factor);
    }

    public void Keys(float* pixels, float* tokens, float* to)
    {
        Project(pixels, size.Positions, 1, keyBias, to);
        Remember(tokens, to);
    }

    public void Values(float* pixels, float* tokens, float* to)
    {
        Project(pixels, size.Positions, 2, valueBias, to);
        Remember(tokens is null ? null : tokens + (long)size.Features * size.Tokens, to);
    }

    private void Project(float* pixels, int rows, int which, float* bias, float* to)
    {
        for (var row = 0; bias is not null && row < rows; row++)
            new Span<float>(bias, size.Features).CopyTo(new(to + (long)row * size.Features, size.Features));
        Gemm.Multiply(pixels, size.Dim, 1, weights + (long)which * size.Dim * size.Features, size.Features, to, size.Features, rows, size.Dim, size.Features, add: bias is not null);
    }

    /// <summary>The tokens after the pixels, [heads, tokens, d] as rows of all heads, and zeros up to whole registers.</summary>
    private void Remember(float* tokens, float* to)
    {
        new Span<float>(to + (long)size.Positions * size.Features, (size.Columns - size.Positions) * size.Features).Clear();
        for (var head = 0; head < size.Heads; head++)
        {
            for (var token = 0; token < size.Tokens; token++, tokens += size.HeadDim)
                new Span<float>(tokens, size.HeadDim).CopyTo(new(to + (long)(size.Positions + token) * size.Features + head * size.HeadDim, size.HeadDim));
        }
    }
}
