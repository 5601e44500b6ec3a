// Runs the kernels in CUDA C on a CPU, one thread of a block after the other, each until it waits for the others. It shows that they compute
// what they say, at all sizes and with all that C# hands them; not that a GPU likes them.
//
// Compile with -DKERNELS="FILE", and -DBFLOAT16 for bfloat16.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <unordered_map>
#include <functional>
#include <vector>
#include <ucontext.h>

#define __global__
#define __device__
#define __shared__
#define __align__(bytes) alignas(bytes)
#define __launch_bounds__(threads)
#define __expf expf

struct Index
{
    int x, y;
};

static Index threadIdx, blockIdx, blockDim, gridDim;
static const int SharedFloats = 12288;
alignas(16) float memory[SharedFloats];

static ucontext_t scheduler;
static ucontext_t* running;

static void __syncthreads()
{
    swapcontext(running, &scheduler);
}

static float __uint_as_float(unsigned bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static unsigned __float_as_uint(float value)
{
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float __fdividef(float x, float y)
{
    return x / y;
}

#include KERNELS

typedef std::function<void(void**)> Kernel;

template <class... Parameters, size_t... Places>
static Kernel unpacked(void (*kernel)(Parameters...), std::index_sequence<Places...>)
{
    return [kernel](void** arguments) { kernel(*(Parameters*)arguments[Places]...); };
}

template <class... Parameters>
static Kernel unpacked(void (*kernel)(Parameters...))
{
    return unpacked(kernel, std::index_sequence_for<Parameters...>());
}

static const std::unordered_map<std::string, Kernel> kernels = {
    {"part_moments", unpacked(part_moments)},       {"moments", unpacked(moments)},
    {"normalize", unpacked(normalize)},             {"part_gradients", unpacked(part_gradients)},
    {"gradients", unpacked(gradients)},             {"input_gradient", unpacked(input_gradient)},
    {"sum_rows", unpacked(sum_rows)},               {"rms_normalize", unpacked(rms_normalize)},
    {"rms_gradient", unpacked(rms_gradient)},       {"add", unpacked(add)},
    {"part_sums", unpacked(part_sums)},
};

static const Kernel* started;
static void** given;
static bool finished;

static const int MostThreads = 512;
static const size_t Stack = 64 << 10;
static char stacks[MostThreads][Stack];
static ucontext_t contexts[MostThreads];

static void run_thread()
{
    (*started)(given);
    finished = true;
    swapcontext(running, &scheduler);
}

// One block: each thread in turn until it waits or ends, as long as one hasn't.
static void run_block(int threads)
{
    bool ended[MostThreads] = {};
    for (int thread = 0; thread < threads; thread++)
    {
        getcontext(&contexts[thread]);
        contexts[thread].uc_stack.ss_sp = stacks[thread];
        contexts[thread].uc_stack.ss_size = Stack;
        contexts[thread].uc_link = nullptr;
        makecontext(&contexts[thread], run_thread, 0);
    }
    for (int left = threads; left > 0;)
    {
        for (int thread = 0; thread < threads; thread++)
        {
            if (ended[thread])
                continue;
            threadIdx = {thread % blockDim.x, thread / blockDim.x};
            running = &contexts[thread];
            finished = false;
            swapcontext(&scheduler, running);
            ended[thread] = finished;
            left -= finished;
        }
    }
}

// 0: done; 1: no such kernel; 2: more threads or shared memory than a block has.
extern "C" int launch(const char* name, int grid_x, int grid_y, int block_x, int block_y, int shared, void** arguments)
{
    auto found = kernels.find(name);
    if (found == kernels.end())
        return 1;
    if (shared > SharedFloats || block_x * block_y > MostThreads)
        return 2;
    started = &found->second;
    given = arguments;
    blockDim = {block_x, block_y};
    gridDim = {grid_x, grid_y};
    for (int block = 0; block < grid_x * grid_y; block++)
    {
        blockIdx = {block % grid_x, block / grid_x};
        // A kernel that reads before it wrote finds no number.
        for (int place = 0; place < SharedFloats; place++)
            memory[place] = std::numeric_limits<float>::quiet_NaN();
        run_block(block_x * block_y);
    }
    return 0;
}
