// Images are added up, in an order that is always the same.
// Kernels over pixels: block (packets of a pixel, pixels at a time), grid (parts of an image, images).

// The sums over rows of shares, [rows, columns]. Block (columns at a time, rows at a time), grid (columns / columns at a time).
extern "C" __global__ void __launch_bounds__(512) sum_rows(const float* shares, float* result, int rows, int columns)
{
    extern __shared__ float memory[];
    int column = blockIdx.x * blockDim.x + threadIdx.x;
    float sum = 0;
    if (column < columns)
    {
#pragma unroll 8
        for (int row = threadIdx.y; row < rows; row += blockDim.y)
            sum += shares[(long long)row * columns + column];
    }
    memory[threadIdx.y * blockDim.x + threadIdx.x] = sum;
    for (int half = blockDim.y / 2; half > 0; half /= 2)
    {
        __syncthreads();
        if (threadIdx.y < half)
            memory[threadIdx.y * blockDim.x + threadIdx.x] += memory[(threadIdx.y + half) * blockDim.x + threadIdx.x];
    }
    if (threadIdx.y == 0 && column < columns)
        result[column] = memory[threadIdx.x];
}

// a + b + offset, where offset is [channels] or null; result may be a or b.
extern "C" __global__ void __launch_bounds__(512) add(const Packet* a, const Packet* b, const float* offset, Packet* result, int pixels)
{
    float offsets[Lanes];
#pragma unroll
    for (int lane = 0; lane < Lanes; lane++)
        offsets[lane] = offset ? offset[threadIdx.x * Lanes + lane] : 0.0f;
    long long image = (long long)blockIdx.y * pixels * blockDim.x + threadIdx.x;
#pragma unroll 4
    for (int pixel = blockIdx.x * blockDim.y + threadIdx.y; pixel < pixels; pixel += gridDim.x * blockDim.y)
    {
        float first[Lanes], second[Lanes];
        unpack(a[image + (long long)pixel * blockDim.x], first);
        unpack(b[image + (long long)pixel * blockDim.x], second);
#pragma unroll
        for (int lane = 0; lane < Lanes; lane++)
            first[lane] += second[lane] + offsets[lane];
        result[image + (long long)pixel * blockDim.x] = pack(first);
    }
}

// Each part's sums over its pixels: [images, parts, channels].
extern "C" __global__ void __launch_bounds__(512) part_sums(const Packet* x, float* parts, int pixels)
{
    extern __shared__ float memory[];
    const Packet* image = x + (long long)blockIdx.y * pixels * blockDim.x + threadIdx.x;
    float sum[Lanes] = {};
#pragma unroll 4
    for (int pixel = blockIdx.x * blockDim.y + threadIdx.y; pixel < pixels; pixel += gridDim.x * blockDim.y)
    {
        float values[Lanes];
        unpack(image[(long long)pixel * blockDim.x], values);
#pragma unroll
        for (int lane = 0; lane < Lanes; lane++)
            sum[lane] += values[lane];
    }
    sum_over_rows(sum, memory);
    if (threadIdx.y == 0)
        store(sum, parts + ((long long)(blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x + threadIdx.x) * Lanes);
}
