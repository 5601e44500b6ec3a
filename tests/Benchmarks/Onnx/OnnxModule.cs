using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Onnx;

/// <summary>A network that ONNX Runtime computes, on the CPU with all of its optimisations, called as the other networks are.</summary>
/// <param name="file">With the number of images open under the name <c>batch</c>.</param>
/// <param name="threads">Threads of a session.</param>
internal sealed class OnnxModule(string file, int threads) : nn.Module<Tensor, Tensor, Tensor>(nameof(OnnxModule))
{
    private readonly Dictionary<long, Session> sessions = [];

    /// <summary>Of ONNX Runtime.</summary>
    public static string Version => OrtEnv.Instance().GetVersionString();

    /// <summary>A session for each number of images, so that ONNX Runtime knows all shapes beforehand.</summary>
    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        if (!sessions.TryGetValue(x.shape[0], out var session))
            sessions.Add(x.shape[0], session = new(file, threads, x.shape));
        return session.Run(x, timesteps);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (var session in sessions.Values)
                session.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Its inputs and its output lie where they lay for the last call; copying them takes microseconds.</summary>
    private sealed class Session : IDisposable
    {
        private readonly long[] shape;
        private readonly float[] images, output;
        private readonly long[] times;
        private readonly InferenceSession session;
        private readonly RunOptions options = new();
        private readonly OrtValue[] given, taken;

        public Session(string file, int threads, long[] shape)
        {
            this.shape = shape;
            var length = shape.Aggregate(1L, (product, size) => product * size);
            (images, output, times) = (new float[length], new float[length], new long[shape[0]]);
            using var settings = new SessionOptions
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
                IntraOpNumThreads = threads,
                InterOpNumThreads = 1,
            };
            settings.AddFreeDimensionOverrideByName("batch", shape[0]);
            session = new(file, settings);
            given = [OrtValue.CreateTensorValueFromMemory(images, shape), OrtValue.CreateTensorValueFromMemory(times, [shape[0]])];
            taken = [OrtValue.CreateTensorValueFromMemory(output, shape)];
        }

        public Tensor Run(Tensor x, Tensor timesteps)
        {
            Copy(x, images);
            Copy(timesteps, times);
            session.Run(options, ["x", "timesteps"], given, session.OutputNames, taken);
            return tensor(output, shape);
        }

        public void Dispose()
        {
            foreach (var value in given.Concat(taken))
                value.Dispose();
            options.Dispose();
            session.Dispose();
        }

        private static void Copy<T>(Tensor from, T[] to) where T : unmanaged
        {
            using var contiguous = from.contiguous();
            MemoryMarshal.Cast<byte, T>(contiguous.bytes).CopyTo(to);
        }
    }
}
