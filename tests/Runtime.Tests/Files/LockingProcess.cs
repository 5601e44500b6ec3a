using System.Globalization;
using UNetGen.Files;

namespace UNetGen.Runtime.Tests.Files;

/// <summary>A process that takes folders.</summary>
internal static class LockingProcess
{
    /// <summary>The line when it has one.</summary>
    public const string Taken = "taken";

    /// <summary>
    /// <c>hold FOLDER</c>: until it is killed. <c>count FOLDER FILE TIMES</c>: takes it so often, and adds one to the number in the file
    /// each time.
    /// </summary>
    public static int Run(string[] how)
    {
        if (how is ["hold", var held])
        {
            using var alone = WriterLock.OfFolder(held);
            Console.WriteLine(Taken);
            Thread.Sleep(Timeout.Infinite);
        }
        if (how is ["count", var folder, var file, var times])
        {
            for (var i = 0; i < int.Parse(times, CultureInfo.InvariantCulture); i++)
                Add(folder, file);
        }
        return 0;
    }

    private static void Add(string folder, string file)
    {
        for (; ; Thread.Sleep(Random.Shared.Next(3)))
        {
            try
            {
                using var alone = WriterLock.OfFolder(folder);
                File.WriteAllText(file, $"{int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) + 1}");
                return;
            }
            catch (LockedException)
            {
                // Its turn comes.
            }
        }
    }
}
