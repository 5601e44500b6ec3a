// What all kernels share. Images lie in memory as [image, pixel, channel]. A thread takes a packet at a time: 16 bytes of neighbouring
// channels, as float32 or, where BFLOAT16 is defined, as bfloat16; it computes in float32 either way.

#ifdef BFLOAT16
typedef unsigned short Number;
#else
typedef float Number;
#endif

constexpr int Lanes = 16 / sizeof(Number);

struct __align__(16) Packet
{
    Number numbers[Lanes];
};

#ifdef BFLOAT16

__device__ inline float wide(Number number)
{
    return __uint_as_float((unsigned)number << 16);
}

// To the nearest, halves to the even one.
__device__ inline Number narrow(float value)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    Number result;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result) : "f"(value));
    return result;
#else
    unsigned bits = __float_as_uint(value);
    if (value != value)
        return (Number)(bits >> 16 | 0x40);
    return (Number)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
#endif
}

__device__ inline float sigmoid(float z)
{
    return __fdividef(1.0f, 1.0f + __expf(-z));
}

#else

__device__ inline float wide(Number number)
{
    return number;
}

__device__ inline Number narrow(float value)
{
    return value;
}

__device__ inline float sigmoid(float z)
{
    return 1.0f / (1.0f + expf(-z));
}

#endif

__device__ inline void unpack(const Packet& packet, float (&values)[Lanes])
{
#pragma unroll
    for (int lane = 0; lane < Lanes; lane++)
        values[lane] = wide(packet.numbers[lane]);
}

__device__ inline Packet pack(const float (&values)[Lanes])
{
    Packet packet;
#pragma unroll
    for (int lane = 0; lane < Lanes; lane++)
        packet.numbers[lane] = narrow(values[lane]);
    return packet;
}

__device__ inline void store(const float (&values)[Lanes], float* to)
{
#pragma unroll
    for (int lane = 0; lane < Lanes; lane++)
        to[lane] = values[lane];
}

// The sums over the rows of a block (threadIdx.y, a power of two of them), for each of a row's threads: in its first row's values.
// memory: Lanes floats for each thread of the block.
__device__ inline void sum_over_rows(float (&values)[Lanes], float* memory)
{
    float* mine = memory + (threadIdx.y * blockDim.x + threadIdx.x) * Lanes;
    __syncthreads();
    store(values, mine);
    for (int rows = blockDim.y / 2; rows > 0; rows /= 2)
    {
        __syncthreads();
        if (threadIdx.y < rows)
        {
#pragma unroll
            for (int lane = 0; lane < Lanes; lane++)
                mine[lane] += mine[rows * blockDim.x * Lanes + lane];
        }
    }
#pragma unroll
    for (int lane = 0; lane < Lanes; lane++)
        values[lane] = mine[lane];
}
