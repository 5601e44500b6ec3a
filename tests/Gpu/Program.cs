using System.CommandLine;
using System.Globalization;
using UNetGen;
using UNetGen.GpuCheck;
using UNetGen.Networks;
using static TorchSharp.torch;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var device = new Option<string>("--device")
{
    Description = "cuda, cuda:N or cpu.",
    DefaultValueFactory = _ => "cuda",
    HelpName = "DEVICE",
};
var only = new Option<string[]>("--only")
{
    Description = $"These checks alone: {string.Join(", ", Check.All.Select(check => check.Name))}.",
    HelpName = "NAME,...",
    DefaultValueFactory = _ => [],
};
var steps = new Option<int>("--steps") { Description = "Steps of a training.", HelpName = "N", DefaultValueFactory = _ => 300 };
var memorySteps = new Option<int>("--memory-steps")
{
    Description = "Steps over which memory must not grow.",
    HelpName = "N",
    DefaultValueFactory = _ => 2000,
};
var output = new Option<string>("--out") { Description = "The report.", HelpName = "FILE.md", DefaultValueFactory = _ => "gpu-check.md" };
var root = new RootCommand("What must hold on a GPU, one check after the other, into one report.")
{
    device, only, steps, memorySteps, output,
};
root.SetAction(parsed =>
{
    string[] names = [.. parsed.GetValue(only)!.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))];
    if (names.Except(Check.All.Select(check => check.Name)).FirstOrDefault() is { } unknown)
        throw new UNetGenException($"There is no check '{unknown}'; there are {string.Join(", ", Check.All.Select(check => check.Name))}.");
    // float32 means all of its bits, as in a training.
    var target = Devices.Parse(parsed.GetValue(device));
    (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (false, false);
    using var settings = new Settings(
        parsed.GetValue(device)!, target, Math.Max(4, parsed.GetValue(steps)), Math.Max(10, parsed.GetValue(memorySteps)));
    using var report = new Report(parsed.GetValue(output)!, settings);
    return report.Run(Check.All.Where(check => names.Length == 0 ? check.Usual : names.Contains(check.Name)));
});
try
{
    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (UNetGenException error)
{
    Console.Error.WriteLine($"error: {error.Message}");
    return 2;
}
