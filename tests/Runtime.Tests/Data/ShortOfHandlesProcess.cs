using Microsoft.Win32.SafeHandles;
using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>A process that may open few files and has used them all up reads pictures, and once more when it has given them back.</summary>
internal static class ShortOfHandlesProcess
{
    public static int Run(string folder)
    {
        var source = ImageFolderSource.Open(folder, 1, 4, 4);
        var pixels = new float[16];
        // What reading needs is loaded by now.
        source.Read(0, pixels);
        var handles = new List<SafeFileHandle>();
        var said = "nothing";
        try
        {
            while (true)
                handles.Add(File.OpenHandle(Directory.GetFiles(folder)[0]));
        }
        catch (IOException)
        {
            // All are used up.
        }
        try
        {
            source.Read(1, pixels);
        }
        catch (DataException error)
        {
            said = error.Message;
        }
        handles.ForEach(handle => handle.Dispose());
        for (var i = 0; i < source.Count; i++)
            source.Read(i, pixels);
        Console.WriteLine(said);
        Console.WriteLine($"{source.Count} pictures, {source.BrokenFiles.Count} broken");
        return 0;
    }
}
