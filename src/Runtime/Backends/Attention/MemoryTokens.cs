using System.Runtime.CompilerServices;
using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Attention;

/// <summary>
/// What the learned positions of linear attention add to an image's contexts. Each is one more position; the image's own all together weigh
/// as the sum of their exponentials does: with its logarithm and the tokens' keys, the shares of a feature are the softmax of 1 + tokens
/// numbers.
/// </summary>
internal static unsafe class MemoryTokens<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>The shares of each feature.</summary>
    /// <param name="logSums">[features].</param>
    /// <param name="keys">[features, tokens].</param>
    /// <param name="shares">[features, 1 + tokens], to be written.</param>
    /// <param name="features">How many, of whole heads.</param>
    /// <param name="tokens">Learned positions.</param>
    public static void Shares(float* logSums, float* keys, float* shares, int features, int tokens)
    {
        for (var feature = 0; feature < features; feature++, keys += tokens, shares += 1 + tokens)
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
    /// <param name="values">[tokens, all features], from the first of these features on.</param>
    /// <param name="scale">Of the result.</param>
    /// <param name="to">[features, headDim], to be written.</param>
    /// <param name="features">How many, of whole heads.</param>
    /// <param name="size">Of the block.</param>
    [MethodImpl(Compiled.Loop)]
    public static void Combine(float* own, float* shares, float* values, float scale, float* to, int features, in LinearAttentionSize size)
    {
        var (headDim, tokens) = (size.HeadDim, size.Tokens);
        for (var feature = 0; feature < features; feature++, own += headDim, to += headDim, shares += 1 + tokens)
        {
            var first = feature / headDim * headDim;
            for (var at = 0; at < headDim; at += V.Lanes)
            {
                var sum = shares[0] * V.Load(own + at);
                for (var token = 0; token < tokens; token++)
                    sum = V.MultiplyAdd(V.Load(values + token * size.Features + first + at), V.Create(shares[1 + token]), sum);
                (scale * sum).Store(to + at);
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
    [MethodImpl(Compiled.Loop)]
    public static void Gradients(
        float* own, float* shares, float* values, float scale, float* gradients, float* byLogSums, float* byKeys, float* byValues,
        in LinearAttentionSize size)
    {
        var (features, headDim, tokens) = (size.Features, size.HeadDim, size.Tokens);
        new Span<float>(byValues, tokens * features).Clear();
        for (var feature = 0; feature < features; feature++, own += headDim, gradients += headDim, shares += 1 + tokens, byKeys += tokens)
        {
            var first = feature / headDim * headDim;
            var product = V.Zero;
            for (var at = 0; at < headDim; at += V.Lanes)
            {
                var gradient = scale * V.Load(gradients + at);
                product = V.MultiplyAdd(gradient, V.Load(own + at), product);
                gradient.Store(gradients + at);
            }
            var byOwnShare = V.Sum(product);
            var mean = shares[0] * byOwnShare;
            for (var token = 0; token < tokens; token++)
            {
                float* value = values + token * features + first, byValue = byValues + token * features + first;
                var share = V.Create(shares[1 + token]);
                product = V.Zero;
                for (var at = 0; at < headDim; at += V.Lanes)
                {
                    var gradient = V.Load(gradients + at);
                    product = V.MultiplyAdd(gradient, V.Load(value + at), product);
                    V.MultiplyAdd(gradient, share, V.Load(byValue + at)).Store(byValue + at);
                }
                byKeys[token] = V.Sum(product);
                mean += shares[1 + token] * byKeys[token];
            }

            byLogSums[feature] = shares[0] * (byOwnShare - mean);
            for (var token = 0; token < tokens; token++)
                byKeys[token] = shares[1 + token] * (byKeys[token] - mean);
            for (var at = 0; at < headDim; at += V.Lanes)
                (shares[0] * V.Load(gradients + at)).Store(gradients + at);
        }
    }
}
