using CsCheck;

namespace UNetGen;

/// <summary>
/// Property tests with the same cases in every run: the generators are CsCheck's, whose own seed fixes a run's first case alone. It stands
/// in the tests' outermost namespace, so that it is taken before CsCheck's method of the same name. With UNETGEN_NEW_SEEDS=1 the cases are
/// others in each run, and CsCheck shrinks what fails and prints its seed.
/// </summary>
internal static class SeededSampling
{
    private const ulong Seed = 20_26;

    private static readonly bool New = Environment.GetEnvironmentVariable("UNETGEN_NEW_SEEDS") == "1";

    /// <summary>Throws where <paramref name="assert"/> does.</summary>
    /// <param name="gen">Of the cases.</param>
    /// <param name="assert">What holds for each.</param>
    /// <param name="iter">Number of cases.</param>
    /// <param name="threads">On how many threads; as many as there are processors unless it is 1.</param>
    /// <param name="print">How a failing case is shown.</param>
    public static void Sample<T>(this Gen<T> gen, Action<T> assert, long iter = 100, int threads = -1, Func<T, string>? print = null)
    {
        if (New)
        {
            Check.Sample(gen, assert, iter: iter, threads: threads, print: print);
            return;
        }

        try
        {
            Parallel.For(0, iter, new ParallelOptions { MaxDegreeOfParallelism = threads == 1 ? 1 : Environment.ProcessorCount }, Try);
        }
        catch (AggregateException failures)
        {
            throw failures.InnerException!;
        }

        void Try(long number)
        {
            var value = gen.Generate(new PCG((uint)number, Seed), null, out _);
            try
            {
                assert(value);
            }
            catch (Exception problem)
            {
                throw new CsCheckException(
                    $"case {number} of {iter}, {(print is null ? Check.Print(value) : print(value))}: {problem.Message}", problem);
            }
        }
    }

    /// <inheritdoc cref="Sample{T}(Gen{T}, Action{T}, long, int, Func{T, string})"/>
    public static void Sample<T>(this Gen<T> gen, Func<T, bool> assert, long iter = 100, int threads = -1, Func<T, string>? print = null) =>
        gen.Sample(value =>
        {
            if (!assert(value))
                throw new CsCheckException("it doesn't hold");
        }, iter, threads, print);

    public static void Sample<T1, T2>(this Gen<(T1, T2)> gen, Action<T1, T2> assert, long iter = 100, int threads = -1) =>
        gen.Sample(of => assert(of.Item1, of.Item2), iter, threads);

    public static void Sample<T1, T2, T3>(this Gen<(T1, T2, T3)> gen, Action<T1, T2, T3> assert, long iter = 100, int threads = -1) =>
        gen.Sample(of => assert(of.Item1, of.Item2, of.Item3), iter, threads);

    public static void Sample<T1, T2, T3, T4>(
        this Gen<(T1, T2, T3, T4)> gen, Action<T1, T2, T3, T4> assert, long iter = 100, int threads = -1) =>
        gen.Sample(of => assert(of.Item1, of.Item2, of.Item3, of.Item4), iter, threads);

    public static void Sample<T1, T2, T3, T4, T5, T6>(
        this Gen<(T1, T2, T3, T4, T5, T6)> gen, Action<T1, T2, T3, T4, T5, T6> assert, long iter = 100, int threads = -1) =>
        gen.Sample(of => assert(of.Item1, of.Item2, of.Item3, of.Item4, of.Item5, of.Item6), iter, threads);

    public static void Sample<T1, T2, T3, T4, T5, T6, T7>(
        this Gen<(T1, T2, T3, T4, T5, T6, T7)> gen, Action<T1, T2, T3, T4, T5, T6, T7> assert, long iter = 100, int threads = -1) =>
        gen.Sample(of => assert(of.Item1, of.Item2, of.Item3, of.Item4, of.Item5, of.Item6, of.Item7), iter, threads);
}
