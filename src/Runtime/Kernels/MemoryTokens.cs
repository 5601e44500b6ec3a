using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static System.Runtime.Intrinsics.Vector512;

namespace UNetGen.Kernels;

/// <summary>
/// What the learned positions of linear attention add to an image's contexts. Each is one more position; the image's own all together weigh as the sum of their exponentials does: with its logarithm and the tokens'
/// keys, the shares of a feature are the softmax of 1 + tokens numbers.
/// </summary>
internal static unsafe class MemoryTokens
{
    /// <summary>The shares of each feature.</summary>
    /// <param name="logSums">[features].</param>
    /// <param name="keys">[features, tokens].</param>
    /// <param name="shares">[features, 1 + tokens], to be written.</param>
    /// <param name="size">Of the block.</param>
    public static void Shares(float* logSums, float* keys, float* shares, in LinearAttentionSize size)
    {
        var tokens = size.Tokens;
        for (var feature = 0; feature < size.Features; feature++, keys += tokens, shares += 1 + tokens)
        {
            shares[0] = logSums[feature];
            new Span<float>(keys, tokens).CopyTo(new(shares + 1, tokens));
            var most = shares[0];
            for (var at = 1; at <= tokens; at++)
                most = MathF.Max(most, shares[at]);
            var total = 0f;
            for (var at = 0; at <= tokens; at++)
                total += shares[at] = MathF.Exp(shares[at] - most);
            for (var at = 0; at <= tokens; at++)
                shares[at] /= total;
        }
    }

    /// <summary>The contexts of all positions, scaled.</summary>
    /// <param name="own">Contexts of the image's own positions, [features, headDim].</param>
    /// <param name="shares">[features, 1 + tokens].</param>
    /// <param name="values">[tokens, features].</param>
    /// <param name="scale">Of the result.</param>
    /// <param name="to">[features, headDim], to be written.</param>
    /// <param name="size">Of the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Combine(float* own, float* shares, float* values, float scale, float* to, in LinearAttentionSize size)
    {
        var (features, headDim, tokens) = (size.Features, size.HeadDim, size.Tokens);
        for (var feature = 0; feature < features; feature++, own += headDim, to += headDim, shares += 1 + tokens)
        {
            var first = feature / headDim * headDim;
            for (var at = 0; at < headDim; at += Gemm.Lanes)
            {
                var sum = Load(own + at) * shares[0];
                for (var token = 0; token < tokens; token++)
                    sum = FusedMultiplyAdd(Load(values + token * features + first + at), Create(shares[1 + token]), sum);
                (sum * scale).Store(to + at);
            }
        }
    }

    /// <summary>The gradients of <see cref="Combine"/>, and through the shares.</summary>
    /// <param name="own">As there.</param>
    /// <param name="shares">As there.</param>
    /// <param name="values">As there.</param>
    /// <param name="scale">As there.</param>
    /// <param name="gradients">By the result, [features, headDim], then by <paramref name="own"/>.</param>
    /// <param name="byLogSums">[features], to be written.</param>
    /// <param name="byKeys">[features, tokens], to be written.</param>
    /// <param name="byValues">[tokens, features], to be written.</param>
    /// <param name="size">Of the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradients(float* own, float* shares, float* values, float scale, float* gradients, float* byLogSums, float* byKeys, float* byValues, in LinearAttentionSize size)
    {
        var (features, headDim, tokens) = (size.Features, size.HeadDim, size.Tokens);
        new Span<float>(byValues, tokens * features).Clear();
        for (var feature = 0; feature < features; feature++, own += headDim, gradients += headDim, shares += 1 + tokens, byKeys += tokens)
        {
            var first = feature / headDim * headDim;
            var product = Vector512<float>.Zero;
            for (var at = 0; at < headDim; at += Gemm.Lanes)
            {
                var gradient = Load(gradients + at) * scale;
                product = FusedMultiplyAdd(gradient, Load(own + at), product);
                gradient.Store(gradients + at);
            }
            var byOwnShare = Sum(product);
            var mean = shares[0] * byOwnShare;
            for (var token = 0; token < tokens; token++)
            {
                float* value = values + token * features + first, byValue = byValues + token * features + first;
                var share = Create(shares[1 + token]);
                product = Vector512<float>.Zero;
                for (var at = 0; at < headDim; at += Gemm.Lanes)
                {
                    var gradient = Load(gradients + at);
                    product = FusedMultiplyAdd(gradient, Load(value + at), product);
                    FusedMultiplyAdd(gradient, share, Load(byValue + at)).Store(byValue + at);
                }
                byKeys[token] = Sum(product);
                mean += shares[1 + token] * byKeys[token];
            }

            byLogSums[feature] = shares[0] * (byOwnShare - mean);
            for (var token = 0; token < tokens; token++)
                byKeys[token] = shares[1 + token] * (byKeys[token] - mean);
            for (var at = 0; at < headDim; at += Gemm.Lanes)
                (Load(gradients + at) * shares[0]).Store(gradients + at);
        }
    }
}
