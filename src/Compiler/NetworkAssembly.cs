using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Networks;

namespace UNetGen.Compiler;

/// <summary>A generated class, compiled into memory: once for all who use it at a time, and gone when nobody does any more.</summary>
internal sealed class NetworkAssembly
{
    private static readonly Dictionary<string, NetworkAssembly> InUse = [];

    private readonly string key;
    private readonly Lazy<Loaded> loaded;
    private int users;

    [RequiresUnreferencedCode(SpecCompiler.Compiles)]
    private NetworkAssembly(string key, GeneratedSpec spec, IReadOnlyList<Assembly> blockAssemblies)
    {
        this.key = key;
        loaded = new(() => Load(spec, ProgramReferences.With(blockAssemblies)));
    }

    /// <summary>The network's constructor, of device and type.</summary>
    public ConstructorInfo Constructor => loaded.Value.Constructor;

    /// <summary>What the class says of itself.</summary>
    public NetworkInfo Description => loaded.Value.Description;

    /// <summary>The class of a spec without errors, until <see cref="Return"/>.</summary>
    /// <exception cref="UNetGenException">It doesn't compile, as where a block of the user's own isn't there.</exception>
    [RequiresUnreferencedCode(SpecCompiler.Compiles)]
    public static NetworkAssembly Rent(GeneratedSpec spec, IReadOnlyList<Assembly> blockAssemblies)
    {
        // An assembly that was loaded a second time is another one.
        var key = string.Join('\n', blockAssemblies.Select(RuntimeHelpers.GetHashCode).Order().Select(id => $"{id}").Append(spec.Source));
        NetworkAssembly? assembly;
        lock (InUse)
        {
            if (!InUse.TryGetValue(key, out assembly))
                InUse.Add(key, assembly = new(key, spec, blockAssemblies));
            assembly.users++;
        }

        try
        {
            _ = assembly.loaded.Value; // outside of the lock: another spec's compilation needn't wait
            return assembly;
        }
        catch
        {
            assembly.Return();
            throw;
        }
    }

    /// <summary>Once for each <see cref="Rent"/>. Networks that were made live on; when the last is gone, so is the class.</summary>
    public void Return()
    {
        lock (InUse)
        {
            if (--users > 0)
                return;
            InUse.Remove(key);
        }

        if (loaded.IsValueCreated)
            loaded.Value.Context.Unload();
    }

    [RequiresUnreferencedCode(SpecCompiler.Compiles)]
    private static Loaded Load(GeneratedSpec spec, ProgramReferences references)
    {
        var compilation = CSharpCompilation.Create(
            $"UNetGen.Compiled.{spec.ClassName}",
            [CSharpSyntaxTree.ParseText(spec.Source, new CSharpParseOptions(LanguageVersion.Latest), spec.HintName)],
            references.Metadata,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release));
        using var image = new MemoryStream();
        var emitted = compilation.Emit(image);
        if (!emitted.Success)
            throw Refusal(spec, [.. emitted.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)]);
        image.Position = 0;
        var context = new Context(compilation.AssemblyName!, references);
        var name = spec.Namespace.Length == 0 ? spec.ClassName : $"{spec.Namespace}.{spec.ClassName}";
        var type = context.LoadFromStream(image).GetType(name, throwOnError: true)!;
        return new Loaded(context, type.GetConstructors().Single(), (NetworkInfo)type.GetProperty("Description")!.GetValue(null)!);
    }

    private static UNetGenException Refusal(GeneratedSpec spec, IReadOnlyList<Diagnostic> errors)
    {
        var said = string.Join(" ", errors.Select(error => $"{error.Id}: {error.GetMessage()}").Distinct().Take(3));
        return new UNetGenException(spec.Spec.ResnetBlock is { } block
            ? $"The spec {spec.Path} has residual blocks of your own, {block}, which can't be made: {said}\n"
                + $"The class must be in one of the assemblies of {nameof(SpecOptions)}.{nameof(SpecOptions.BlockAssemblies)}, as "
                + $"[typeof({block}).Assembly]; it must be public, an nn.Module<Tensor, Tensor, Tensor>, and have a constructor "
                + "(int dim, int dimOut, int timeEmbDim)."
            : $"The class of the spec {spec.Path} can't be compiled in this program: {said}\n"
                + "Its UNetGen.Runtime and TorchSharp must be whole and of the versions that UNetGen.Compiler asks for: a trimmed program "
                + "(PublishTrimmed) has lost parts of them that only this class needs.");
    }

    private sealed record Loaded(AssemblyLoadContext Context, ConstructorInfo Constructor, NetworkInfo Description);

    private sealed class Context(string name, ProgramReferences references) : AssemblyLoadContext(name, isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName) => references.Find(assemblyName);
    }
}
