using System.Runtime.InteropServices;

namespace UNetGen.Native;

/// <summary>The environment that native libraries read; on Unix .NET's own writes don't reach it.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable unless the user has, for libraries that are loaded from here on.</summary>
    public static void SetDefault(string name, string value)
    {
        if (!OperatingSystem.IsWindows())
            _ = SetEnvironment(name, value, overwrite: 0);
        else if (Environment.GetEnvironmentVariable(name) is null)
            Environment.SetEnvironmentVariable(name, value);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
