using System.Runtime.InteropServices;
using System.Text;
using UNetGen.Native;

namespace UNetGen.Backends.Gpu;

/// <summary>NVIDIA's compiler of CUDA C, a library that every libtorch for CUDA brings along (NVRTC).</summary>
internal static unsafe class Nvrtc
{
    private static readonly nint Library = Native.Libtorch.LoadNvrtc();

    private static readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> CreateProgram =
        (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)Export("nvrtcCreateProgram");
    private static readonly delegate* unmanaged<nint, int, byte**, int> CompileProgram =
        (delegate* unmanaged<nint, int, byte**, int>)Export("nvrtcCompileProgram");
    private static readonly delegate* unmanaged<nint*, int> DestroyProgram =
        (delegate* unmanaged<nint*, int>)Export("nvrtcDestroyProgram");
    private static readonly delegate* unmanaged<nint, nuint*, int> GetCubinSize =
        (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetCUBINSize");
    private static readonly delegate* unmanaged<nint, byte*, int> GetCubin = (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetCUBIN");
    private static readonly delegate* unmanaged<nint, nuint*, int> GetLogSize =
        (delegate* unmanaged<nint, nuint*, int>)Export("nvrtcGetProgramLogSize");
    private static readonly delegate* unmanaged<nint, byte*, int> GetLog =
        (delegate* unmanaged<nint, byte*, int>)Export("nvrtcGetProgramLog");

    /// <summary>Compiles a program.</summary>
    /// <param name="source">CUDA C.</param>
    /// <param name="options">As nvcc has them.</param>
    /// <returns>Machine code, as the driver loads it.</returns>
    /// <exception cref="LibtorchException">It doesn't compile; the message has the compiler's.</exception>
    public static byte[] Compile(string source, params string[] options)
    {
        nint program;
        var name = "kernels.cu\0"u8;
        fixed (byte* text = Encoding.UTF8.GetBytes(source + '\0'), file = name)
            Check(CreateProgram(&program, text, file, 0, null, null), nameof(CreateProgram));
        var texts = Array.ConvertAll(options, Marshal.StringToCoTaskMemUTF8);
        try
        {
            int result;
            fixed (nint* given = texts)
                result = CompileProgram(program, texts.Length, (byte**)given);
            if (result != 0)
                throw new LibtorchException($"CUDA's compiler (NVRTC) refuses the kernels with {string.Join(' ', options)}:\n{Log(program)}");
            nuint size;
            Check(GetCubinSize(program, &size), nameof(GetCubinSize));
            var compiled = new byte[size];
            fixed (byte* to = compiled)
                Check(GetCubin(program, to), nameof(GetCubin));
            return compiled;
        }
        finally
        {
            Array.ForEach(texts, Marshal.FreeCoTaskMem);
            _ = DestroyProgram(&program);
        }
    }

    private static string Log(nint program)
    {
        nuint size;
        Check(GetLogSize(program, &size), nameof(GetLogSize));
        var log = new byte[size];
        fixed (byte* to = log)
            Check(GetLog(program, to), nameof(GetLog));
        return Encoding.UTF8.GetString(log).TrimEnd('\0', '\n');
    }

    private static nint Export(string name) => NativeLibrary.GetExport(Library, name);

    private static void Check(int result, string what)
    {
        if (result != 0)
            throw new LibtorchException($"NVRTC: {what} failed with {result}.");
    }
}
