using static TorchSharp.torch;
namespace UNetGen.Benchmarks.Networks;
internal static class NetworkCommand
{
    public static int Run(string[] _)
    {
        set_num_threads(2);
        foreach (var network in NetworkCase.All)
        {
            using var g = network.Enter(network.Make(Side.Generated), CPU);
            using var p = network.Enter(network.Make(Side.Peer), CPU);
            Console.WriteLine($"{network.Name} {Equality.OfOutputs(network, g, p)}");
            using var a = new Participant(network, Side.Peer, CPU);
            using var b = new Participant(network, Side.Generated, CPU);
            foreach (var row in Enum.GetValues<Row>())
                for (var i = 0; i < 3; i++)
                    Console.WriteLine($"  {row} {a.Time(row) * 1e3:F1} {b.Time(row) * 1e3:F1}");
            Console.WriteLine($"{a.MeasureGarbage()} {b.MeasureGarbage()}");
        }
        return 0;
    }
}
