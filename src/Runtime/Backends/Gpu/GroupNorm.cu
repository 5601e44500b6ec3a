// GroupNorm of x + offset, then * (scale + 1) + shift, then SiLU, then + addend. With a group's mean m and inverse deviation r the first two
// are a x + b, where a = r weight (scale + 1) and b = (bias - (m - offset) r weight) (scale + 1) + shift.
//
// Of an image: moments are its groups' means m, their inverse deviations r and its channels' own means, [images, 2 groups + channels];
// offset is what a convolution's bias and the time embedding add, [images, channels] or, with a step of 0, [channels]; or null; time is the
// scales, then the shifts, [images, 2 channels]; or null.
//
// Kernels over pixels: block (packets of a pixel, pixels at a time), grid (parts of an image, images).
// Kernels over images: block of any length, grid (images).

struct Affine
{
    float a[Lanes], b[Lanes], mean[Lanes], inverse[Lanes];

    __device__ Affine(
        const float* moments, const float* weight, const float* bias, const float* offset, int step, const float* time, int image, int first,
        int channels, int groups)
    {
        int width = channels / groups;
        moments += image * (2 * groups + channels);
#pragma unroll
        for (int lane = 0; lane < Lanes; lane++)
        {
            int channel = first + lane, group = channel / width;
            // Of x without the offset.
            mean[lane] = moments[group] - (offset ? offset[image * step + channel] : 0.0f);
            inverse[lane] = moments[groups + group];
            float scale = time ? time[2 * image * channels + channel] + 1.0f : 1.0f;
            float shift = time ? time[(2 * image + 1) * channels + channel] : 0.0f;
            float by = inverse[lane] * weight[channel];
            a[lane] = by * scale;
            b[lane] = (bias[channel] - mean[lane] * by) * scale + shift;
        }
    }
};

// Each part's sums of x - k and of (x - k)^2, where k is the image's first pixel: [images, parts, 2, channels].
extern "C" __global__ void __launch_bounds__(512) part_moments(const Packet* x, float* parts, int pixels)
{
    extern __shared__ float memory[];
    const Packet* image = x + (long long)blockIdx.y * pixels * blockDim.x + threadIdx.x;
    float first[Lanes], sum[Lanes] = {}, squares[Lanes] = {};
    unpack(image[0], first);
#pragma unroll 4
    for (int pixel = blockIdx.x * blockDim.y + threadIdx.y; pixel < pixels; pixel += gridDim.x * blockDim.y)
    {
        float values[Lanes];
        unpack(image[(long long)pixel * blockDim.x], values);
#pragma unroll
        for (int lane = 0; lane < Lanes; lane++)
        {
            float difference = values[lane] - first[lane];
            sum[lane] += difference;
            squares[lane] += difference * difference;
        }
    }
    sum_over_rows(sum, memory);
    sum_over_rows(squares, memory);
    if (threadIdx.y == 0)
    {
        int channels = blockDim.x * Lanes;
        float* part = parts + (long long)(blockIdx.y * gridDim.x + blockIdx.x) * 2 * channels + threadIdx.x * Lanes;
        store(sum, part);
        store(squares, part + channels);
    }
}

// memory: 2 floats for each channel.
extern "C" __global__ void __launch_bounds__(512) moments(
    const Number* x, const float* parts, float* moments, const float* offset, int step, int pixels, int channels, int groups, int count,
    float eps)
{
    extern __shared__ float memory[];
    float *means = memory, *squares = memory + channels;
    const float* mine = parts + (long long)blockIdx.x * count * 2 * channels;
    float* result = moments + blockIdx.x * (2 * groups + channels);
    for (int channel = threadIdx.x; channel < channels; channel += blockDim.x)
    {
        float sum = 0, square = 0;
#pragma unroll 8
        for (int part = 0; part < count; part++)
        {
            sum += mine[2 * part * channels + channel];
            square += mine[(2 * part + 1) * channels + channel];
        }
        means[channel] = wide(x[(long long)blockIdx.x * pixels * channels + channel]) + sum / pixels
            + (offset ? offset[blockIdx.x * step + channel] : 0.0f);
        result[2 * groups + channel] = means[channel];
        squares[channel] = square - sum * sum / pixels;
    }
    __syncthreads();
    int width = channels / groups;
    for (int group = threadIdx.x; group < groups; group += blockDim.x)
    {
        float mean = 0, square = 0;
        for (int channel = group * width; channel < (group + 1) * width; channel++)
            mean += means[channel];
        mean /= width;
        for (int channel = group * width; channel < (group + 1) * width; channel++)
        {
            float difference = means[channel] - mean;
            square += squares[channel] + pixels * difference * difference;
        }
        result[group] = mean;
        result[groups + group] = 1.0f / sqrtf(fmaxf(square, 0.0f) / ((float)width * pixels) + eps);
    }
}

// result may be x or addend, which may be null.
extern "C" __global__ void __launch_bounds__(512) normalize(
    const Packet* x, const Packet* addend, Packet* result, const float* moments, const float* weight, const float* bias, const float* offset,
    int step, const float* time, int pixels, int groups, int silu)
{
    Affine affine(moments, weight, bias, offset, step, time, blockIdx.y, threadIdx.x * Lanes, blockDim.x * Lanes, groups);
    long long image = (long long)blockIdx.y * pixels * blockDim.x + threadIdx.x;
#pragma unroll 4
    for (int pixel = blockIdx.x * blockDim.y + threadIdx.y; pixel < pixels; pixel += gridDim.x * blockDim.y)
    {
        float values[Lanes];
        unpack(x[image + (long long)pixel * blockDim.x], values);
#pragma unroll
        for (int lane = 0; lane < Lanes; lane++)
        {
            float z = affine.a[lane] * values[lane] + affine.b[lane];
            values[lane] = silu ? z * sigmoid(z) : z;
        }
        if (addend)
        {
            float added[Lanes];
            unpack(addend[image + (long long)pixel * blockDim.x], added);
#pragma unroll
            for (int lane = 0; lane < Lanes; lane++)
                values[lane] += added[lane];
        }
        result[image + (long long)pixel * blockDim.x] = pack(values);
    }
}

// The gradient by z = a x + b.
__device__ inline float before_silu(float gradient, float z, int silu)
{
    if (!silu)
        return gradient;
    float s = sigmoid(z);
    return gradient * s * (1.0f + z * (1.0f - s));
}

// Each part's sums of dz and of dz h, where h = (x + offset - m) r: [images, parts, 2, channels].
extern "C" __global__ void __launch_bounds__(512) part_gradients(
    const Packet* x, const Packet* gradient, float* parts, const float* moments, const float* weight, const float* bias,
    const float* offset, int step, const float* time, int pixels, int groups, int silu)
{
    extern __shared__ float memory[];
    Affine affine(moments, weight, bias, offset, step, time, blockIdx.y, threadIdx.x * Lanes, blockDim.x * Lanes, groups);
    long long image = (long long)blockIdx.y * pixels * blockDim.x + threadIdx.x;
    float sum[Lanes] = {}, products[Lanes] = {};
#pragma unroll 2
    for (int pixel = blockIdx.x * blockDim.y + threadIdx.y; pixel < pixels; pixel += gridDim.x * blockDim.y)
    {
        float values[Lanes], gradients[Lanes];
        unpack(x[image + (long long)pixel * blockDim.x], values);
        unpack(gradient[image + (long long)pixel * blockDim.x], gradients);
#pragma unroll
        for (int lane = 0; lane < Lanes; lane++)
        {
            float dz = before_silu(gradients[lane], affine.a[lane] * values[lane] + affine.b[lane], silu);
            sum[lane] += dz;
            products[lane] += dz * (values[lane] - affine.mean[lane]) * affine.inverse[lane];
        }
    }
    sum_over_rows(sum, memory);
    sum_over_rows(products, memory);
    if (threadIdx.y == 0)
    {
        int channels = blockDim.x * Lanes;
        float* part = parts + (long long)(blockIdx.y * gridDim.x + blockIdx.x) * 2 * channels + threadIdx.x * Lanes;
        store(sum, part);
        store(products, part + channels);
    }
}

// With D and H the sums of dz and dz h over the pixels, w = weight (scale + 1), and means over the group,
// dx = r (w dz - mean(w dz) - h mean(w dz h)) = p dz + q x + s: [images, 3, channels]. Each image's share of the gradients by bias and
// weight, D (scale + 1) and H (scale + 1), and the sum of its dx, which is the gradient by the offset: [images, 3, channels]. Those by scale
// and shift, H weight + D bias and D: [images, 2 channels].
// memory: 2 floats for each channel and for each group.
extern "C" __global__ void __launch_bounds__(512) gradients(
    const float* parts, const float* moments, const float* weight, const float* bias, const float* offset, int step, const float* time,
    float* combine, float* shares, float* by_time, int pixels, int channels, int groups, int count)
{
    extern __shared__ float memory[];
    float *sums = memory, *products = sums + channels, *means = products + channels, *mean_products = means + groups;
    const float* mine = parts + (long long)blockIdx.x * count * 2 * channels;
    const float* scales = time ? time + 2 * blockIdx.x * channels : 0;
    moments += blockIdx.x * (2 * groups + channels);
    shares += 3 * blockIdx.x * channels;
    for (int channel = threadIdx.x; channel < channels; channel += blockDim.x)
    {
        float sum = 0, product = 0;
#pragma unroll 8
        for (int part = 0; part < count; part++)
        {
            sum += mine[2 * part * channels + channel];
            product += mine[(2 * part + 1) * channels + channel];
        }
        sums[channel] = sum;
        products[channel] = product;
        float scale = scales ? scales[channel] + 1.0f : 1.0f;
        shares[channel] = sum * scale;
        shares[channels + channel] = product * scale;
        if (by_time)
        {
            by_time[2 * blockIdx.x * channels + channel] = product * weight[channel] + sum * bias[channel];
            by_time[(2 * blockIdx.x + 1) * channels + channel] = sum;
        }
    }
    __syncthreads();
    int width = channels / groups;
    for (int group = threadIdx.x; group < groups; group += blockDim.x)
    {
        float mean = 0, mean_product = 0;
        for (int channel = group * width; channel < (group + 1) * width; channel++)
        {
            float w = weight[channel] * (scales ? scales[channel] + 1.0f : 1.0f);
            mean += w * sums[channel];
            mean_product += w * products[channel];
        }
        means[group] = mean / ((float)width * pixels);
        mean_products[group] = mean_product / ((float)width * pixels);
    }
    __syncthreads();
    for (int channel = threadIdx.x; channel < channels; channel += blockDim.x)
    {
        int group = channel / width;
        float r = moments[groups + group], own = moments[2 * groups + channel];
        float p = r * weight[channel] * (scales ? scales[channel] + 1.0f : 1.0f), q = -r * r * mean_products[group];
        // Of x with the offset.
        float s = -r * means[group] - q * moments[group];
        float* result = combine + 3 * blockIdx.x * channels + channel;
        result[0] = p;
        result[channels] = q;
        result[2 * channels] = s + (offset ? q * offset[blockIdx.x * step + channel] : 0.0f);
        shares[2 * channels + channel] = p * sums[channel] + pixels * (q * own + s);
    }
}

// The gradient by x; result may be gradient.
extern "C" __global__ void __launch_bounds__(512) input_gradient(
    const Packet* x, const Packet* gradient, Packet* result, const float* combine, const float* moments, const float* weight,
    const float* bias, const float* offset, int step, const float* time, int pixels, int groups, int silu)
{
    int channels = blockDim.x * Lanes;
    Affine affine(moments, weight, bias, offset, step, time, blockIdx.y, threadIdx.x * Lanes, channels, groups);
    const float* mine = combine + 3 * blockIdx.y * channels + threadIdx.x * Lanes;
    float p[Lanes], q[Lanes], s[Lanes];
#pragma unroll
    for (int lane = 0; lane < Lanes; lane++)
    {
        p[lane] = mine[lane];
        q[lane] = mine[channels + lane];
        s[lane] = mine[2 * channels + lane];
    }
    long long image = (long long)blockIdx.y * pixels * blockDim.x + threadIdx.x;
#pragma unroll 2
    for (int pixel = blockIdx.x * blockDim.y + threadIdx.y; pixel < pixels; pixel += gridDim.x * blockDim.y)
    {
        float values[Lanes], gradients[Lanes];
        unpack(x[image + (long long)pixel * blockDim.x], values);
        unpack(gradient[image + (long long)pixel * blockDim.x], gradients);
#pragma unroll
        for (int lane = 0; lane < Lanes; lane++)
        {
            float dz = before_silu(gradients[lane], affine.a[lane] * values[lane] + affine.b[lane], silu);
            gradients[lane] = p[lane] * dz + q[lane] * values[lane] + s[lane];
        }
        result[image + (long long)pixel * blockDim.x] = pack(gradients);
    }
}
