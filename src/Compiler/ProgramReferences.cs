using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Metadata;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using TorchSharp;
using UNetGen.Networks;

namespace UNetGen.Compiler;

/// <summary>The assemblies that a generated class is compiled against: those that this program runs with.</summary>
/// <remarks>
/// They are read where the runtime has them in memory, not from files: in a program that was published as one file there are none.
/// </remarks>
internal sealed class ProgramReferences
{
    private static ProgramReferences? own;

    private readonly Dictionary<string, Assembly> byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<MetadataReference> metadata = [];

    private ProgramReferences(IEnumerable<Assembly> assemblies)
    {
        foreach (var assembly in assemblies)
        {
            if (byName.TryAdd(assembly.GetName().Name!, assembly) && Read(assembly) is { } reference)
                metadata.Add(reference);
        }
    }

    /// <summary>Whether there are assemblies: not in a program that was compiled ahead of time.</summary>
    public static bool AreThere => Read(typeof(object).Assembly) is not null;

    /// <summary>What the compiler reads.</summary>
    public IReadOnlyList<MetadataReference> Metadata => metadata;

    /// <summary>The runtime, TorchSharp, what they are made of, and these assemblies with what they are made of.</summary>
    [RequiresUnreferencedCode(SpecCompiler.Compiles)]
    public static ProgramReferences With(IReadOnlyList<Assembly> others)
    {
        own ??= new(WithReferences([typeof(NoisePredictor).Assembly, typeof(torch).Assembly]).Append(typeof(object).Assembly));
        return others.Count == 0 ? own : new(own.byName.Values.Concat(WithReferences(others)));
    }

    /// <summary>The assembly that a compiled class means by a name; null: the program's own answer.</summary>
    public Assembly? Find(AssemblyName name) => byName.GetValueOrDefault(name.Name ?? "");

    [RequiresUnreferencedCode(SpecCompiler.Compiles)]
    private static IEnumerable<Assembly> WithReferences(IReadOnlyList<Assembly> assemblies) =>
        assemblies.Concat(assemblies.SelectMany(assembly => assembly.GetReferencedAssemblies().Select(name => Load(assembly, name)))
            .OfType<Assembly>());

    /// <summary>Null where the program does without it, as one that draws no pictures does without SkiaSharp.</summary>
    private static Assembly? Load(Assembly user, AssemblyName name)
    {
        try
        {
            return AssemblyLoadContext.GetLoadContext(user)!.LoadFromAssemblyName(name);
        }
        catch (Exception exception) when (exception is FileNotFoundException or FileLoadException or BadImageFormatException)
        {
            return null;
        }
    }

    private static unsafe PortableExecutableReference? Read(Assembly assembly) =>
        assembly.TryGetRawMetadata(out var start, out var length)
            ? AssemblyMetadata.Create(ModuleMetadata.CreateFromMetadata((nint)start, length)).GetReference(display: assembly.GetName().Name)
            : null;
}
