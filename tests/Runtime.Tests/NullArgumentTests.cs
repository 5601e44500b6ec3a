using System.Reflection;
using System.Runtime.CompilerServices;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Distributed;
using UNetGen.Evaluation;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Sampling;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests;

/// <summary>What is handed null where it takes none says so at that call, by the argument's name.</summary>
public sealed class NullArgumentTests : IDisposable
{
    private static readonly NullabilityInfoContext Nullability = new();

    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Null_for_any_argument_of_a_public_static_method_or_constructor_is_refused_by_the_arguments_name()
    {
        // Below a file nothing can be read, and nothing written.
        File.WriteAllText(folder.File("file"), "");
        var calls = from type in typeof(NoisePredictor).Assembly.GetExportedTypes()
                    from method in CallableOf(type)
                    from parameter in method.GetParameters()
                    where TakesNoNull(parameter)
                    select (method, parameter);

        var all = calls.ToArray();
        Assert.True(all.Length > 100);
        string[] faults = [.. all.Select(call => FaultOf(call.method, call.parameter)).OfType<string>()];
        Assert.True(faults.Length == 0, string.Join('\n', faults));
    }

    [Fact]
    public void An_empty_path_for_a_public_static_method_or_constructor_is_refused_by_the_arguments_name()
    {
        string[] names = ["path", "folder", "file", "mask"];
        var calls = from type in typeof(NoisePredictor).Assembly.GetExportedTypes()
                    from method in CallableOf(type)
                    from parameter in method.GetParameters()
                    where parameter.ParameterType == typeof(string) && names.Contains(parameter.Name)
                    select (method, parameter);

        var all = calls.ToArray();
        Assert.True(all.Length > 30);
        string[] faults = [.. all.Select(call => FaultOf(call.method, call.parameter, "")).OfType<string>()];
        Assert.True(faults.Length == 0, string.Join('\n', faults));
    }

    [Fact]
    public void A_network_s_name_and_what_it_says_of_itself_are_looked_at_when_they_are_given()
    {
        var info = new FunctionPredictor(new(), (x, _, _) => x).Info;
        Assert.Throws<ArgumentNullException>("Spec", () => info with { Spec = null! });
        Assert.Throws<ArgumentNullException>("SpecHash", () => info with { SpecHash = null! });
        Assert.Throws<ArgumentNullException>("Levels", () => info with { Levels = null! });
        Assert.Throws<ArgumentOutOfRangeException>("ImageHeight", () => info with { ImageHeight = -1 });
        Assert.Throws<ArgumentOutOfRangeException>("ConditionChannels", () => info with { ConditionChannels = -1 });
        Assert.Throws<ArgumentOutOfRangeException>("NumClasses", () => info with { NumClasses = 0 });
        Assert.Throws<ArgumentNullException>("name", () => new TwoConvNet(name: null!));
    }

    private static IEnumerable<MethodBase> CallableOf(Type type)
    {
        // These keep what they are given.
        var isRecord = type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null;
        MethodBase[] constructors = type.IsAbstract || isRecord || type.IsAssignableTo(typeof(Exception)) ? [] : type.GetConstructors();
        return from method in (MethodBase[])[.. constructors, .. type.GetMethods().Where(method => method.IsStatic)]
               where method.IsConstructor || !method.IsSpecialName
               where !type.IsAssignableTo(typeof(Delegate)) && !method.ContainsGenericParameters
               where !method.GetParameters().Any(parameter => parameter.ParameterType.IsByRefLike || parameter.ParameterType.IsByRef)
               select method;
    }

    private static bool TakesNoNull(ParameterInfo parameter) =>
        !parameter.ParameterType.IsValueType && Nullability.Create(parameter).WriteState == NullabilityState.NotNull;

    /// <summary>What happens instead of a refusal, in a line; null: it is refused.</summary>
    private string? FaultOf(MethodBase method, ParameterInfo parameter, object? value = null)
    {
        object?[] arguments = [.. method.GetParameters().Select(other => other == parameter ? value : StandIn(other))];
        var call = $"{method.DeclaringType}.{method.Name} with {(value is null ? "null" : "an empty text")} for '{parameter.Name}': ";
        try
        {
            _ = method is ConstructorInfo constructor ? constructor.Invoke(arguments) : method.Invoke(null, arguments);
            return call + "nothing";
        }
        catch (TargetInvocationException thrown)
        {
            return thrown.InnerException is ArgumentException named && named.ParamName == parameter.Name
                ? null
                : call + thrown.InnerException;
        }
    }

    /// <summary>What an argument may be that isn't looked at before another's null.</summary>
    private object? StandIn(ParameterInfo parameter) => parameter.ParameterType switch
    {
        _ when parameter.HasDefaultValue => parameter.DefaultValue,
        { IsEnum: true } type => Activator.CreateInstance(type),
        var type when type == typeof(string) => Path.Combine(folder.File("file"), "below"),
        var type when type == typeof(int) => 4,
        var type when type == typeof(long) => 4L,
        var type when type == typeof(double) => 0.5,
        var type when type == typeof(Tensor) => zeros(2, 1, 4, 4),
        var type when type == typeof(Device) => CPU,
        var type when type == typeof(Stream) => new MemoryStream(),
        var type when type == typeof(IImageSource) => new ShapesSource(1, 8, 8, count: 4),
        var type when type == typeof(NoisePredictor) => new FunctionPredictor(new(), (x, _, _) => x),
        var type when type == typeof(IReadOnlyList<Tensor>) => new[] { zeros(2, 1, 4, 4) },
        var type when type == typeof(FeatureNetwork) => RuntimeHelpers.GetUninitializedObject(typeof(SmallClassifier)),
        var type when type == typeof(ICollective) => new SingleProcess(),
        var type when type == typeof(nn.Module) => nn.Identity(),
        var type when type == typeof(DiffusionProcess) => new Edm(new DiffusionOptions { Type = DiffusionType.Edm }),
        { IsArray: true } type => Array.CreateInstance(type.GetElementType()!, 1),
        { IsValueType: true } type => Activator.CreateInstance(type),
        var type when type.Assembly != typeof(NoisePredictor).Assembly || type.IsAbstract => null,
        // Not looked into: it would be made of a file, or of a network.
        var type => type.GetConstructor([]) is null ? RuntimeHelpers.GetUninitializedObject(type) : Activator.CreateInstance(type),
    };
}
