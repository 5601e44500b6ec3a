namespace UNetGen.Benchmarks.Networks;

/// <summary>Holds a file while readings are taken, so that several processes, bench.py's among them, take turns.</summary>
internal static class Turn
{
    /// <summary>Waits for it.</summary>
    /// <param name="file">Null: there is nobody to wait for.</param>
    public static IDisposable? Take(string? file)
    {
        while (file is not null)
        {
            try
            {
                // On Unix .NET calls flock for a file that isn't shared, as Python does.
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                Thread.Sleep(50);
            }
        }

        return null;
    }
}
