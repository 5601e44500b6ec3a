// RMSNorm: y = x / max(|x|, 1e-12) gain, with |x| over a pixel's channels and gain = g sqrt(channels).
//
// A row of threads takes a pixel: block (threads of a pixel, a power of two; pixels at a time), grid (parts of the pixels).

constexpr float Least = 1e-12f;

// The sum over a row of threads, in all of them. memory: one float for each thread of the block.
__device__ inline float sum_over_row(float value, float* memory)
{
    float* mine = memory + threadIdx.y * blockDim.x + threadIdx.x;
    __syncthreads();
    *mine = value;
    for (int threads = blockDim.x / 2; threads > 0; threads /= 2)
    {
        __syncthreads();
        if (threadIdx.x < threads)
            *mine += mine[threads];
    }
    __syncthreads();
    return memory[threadIdx.y * blockDim.x];
}

// result may be x.
extern "C" __global__ void __launch_bounds__(512) rms_normalize(const Packet* x, Packet* result, const float* gain, int pixels, int packets)
{
    extern __shared__ float memory[];
    // Every thread of a block meets the others at the sums, those beyond the last pixel too.
    for (int start = blockIdx.x * blockDim.y; start < pixels; start += gridDim.x * blockDim.y)
    {
        int pixel = start + threadIdx.y;
        long long row = (long long)pixel * packets;
        float square = 0;
        for (int packet = threadIdx.x; pixel < pixels && packet < packets; packet += blockDim.x)
        {
            float values[Lanes];
            unpack(x[row + packet], values);
#pragma unroll
            for (int lane = 0; lane < Lanes; lane++)
                square += values[lane] * values[lane];
        }
        float inverse = 1.0f / fmaxf(sqrtf(sum_over_row(square, memory)), Least);
        for (int packet = threadIdx.x; pixel < pixels && packet < packets; packet += blockDim.x)
        {
            float values[Lanes];
            unpack(x[row + packet], values);
#pragma unroll
            for (int lane = 0; lane < Lanes; lane++)
                values[lane] *= inverse * gain[packet * Lanes + lane];
            result[row + packet] = pack(values);
        }
    }
}

// With v = gradient gain: dx = v / |x| - x sum(v x) / |x|^3, the second part only where |x| is no less than 1e-12. Each block's share of
// the gradient by gain, gradient x / |x|: [blocks, channels]. memory: one float for each thread, and one for each channel and row.
extern "C" __global__ void __launch_bounds__(512) rms_gradient(
    const Packet* x, const Packet* gradient, Packet* result, const float* gain, float* shares, int pixels, int packets)
{
    extern __shared__ float memory[];
    int channels = packets * Lanes;
    float* by_gain = memory + blockDim.x * blockDim.y + threadIdx.y * channels;
    for (int channel = threadIdx.x; channel < channels; channel += blockDim.x)
        by_gain[channel] = 0;
    for (int start = blockIdx.x * blockDim.y; start < pixels; start += gridDim.x * blockDim.y)
    {
        int pixel = start + threadIdx.y;
        long long row = (long long)pixel * packets;
        float square = 0, product = 0;
        for (int packet = threadIdx.x; pixel < pixels && packet < packets; packet += blockDim.x)
        {
            float values[Lanes], gradients[Lanes];
            unpack(x[row + packet], values);
            unpack(gradient[row + packet], gradients);
#pragma unroll
            for (int lane = 0; lane < Lanes; lane++)
            {
                square += values[lane] * values[lane];
                product += values[lane] * gradients[lane] * gain[packet * Lanes + lane];
            }
        }
        float length = sqrtf(sum_over_row(square, memory));
        product = sum_over_row(product, memory);
        float inverse = 1.0f / fmaxf(length, Least);
        float back = length >= Least ? product * inverse * inverse * inverse : 0.0f;
        for (int packet = threadIdx.x; pixel < pixels && packet < packets; packet += blockDim.x)
        {
            float values[Lanes], gradients[Lanes];
            unpack(x[row + packet], values);
            unpack(gradient[row + packet], gradients);
#pragma unroll
            for (int lane = 0; lane < Lanes; lane++)
            {
                int channel = packet * Lanes + lane;
                by_gain[channel] += gradients[lane] * values[lane] * inverse;
                gradients[lane] = gradients[lane] * gain[channel] * inverse - values[lane] * back;
            }
            result[row + packet] = pack(gradients);
        }
    }
    __syncthreads();
    for (int channel = threadIdx.y * blockDim.x + threadIdx.x; channel < channels; channel += blockDim.x * blockDim.y)
    {
        float sum = 0;
        for (int other = 0; other < blockDim.y; other++)
            sum += memory[blockDim.x * blockDim.y + other * channels + channel];
        shares[(long long)blockIdx.x * channels + channel] = sum;
    }
}
