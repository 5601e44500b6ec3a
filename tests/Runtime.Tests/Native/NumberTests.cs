using System.Reflection;
using System.Reflection.Emit;
using TorchSharp;
using UNetGen.Native;
using UNetGen.Tests;

namespace UNetGen.Runtime.Tests.Native;

/// <summary>No number of the runtime goes to libtorch as an object that nothing holds.</summary>
public sealed class NumberTests
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // A method of generic types is one, whatever they are.
    private static readonly HashSet<(Module, int)> Makers = MethodsThatMakeScalars();

    [Fact]
    public void Only_one_class_of_the_runtime_makes_scalars_of_numbers() =>
        Assert.Empty(MethodsOf(typeof(Number).Assembly).Where(method => Outermost(method) != typeof(Number)).SelectMany(Faults));

    /// <summary>What the test above finds, by ways that each looks different in compiled code.</summary>
    [Theory]
    [InlineData(nameof(Fault.Operator), "op_Multiply")]
    [InlineData(nameof(Fault.Argument), "op_Implicit")]
    [InlineData(nameof(Fault.Sum), "op_Addition")]
    [InlineData(nameof(Fault.Inside), "square")]
    [InlineData(nameof(Fault.Script), "invoke")]
    public void Each_way_to_make_one_is_seen(string method, string by) =>
        Assert.Contains(Faults(typeof(Fault).GetMethod(method)!), fault => fault.Contains(by, StringComparison.Ordinal));

    [Fact]
    public void Numbers_that_are_held_are_none() =>
        Assert.Empty(new[] { nameof(Fault.Held), nameof(Fault.HeldInScript) }.SelectMany(name => Faults(typeof(Fault).GetMethod(name)!)));

    [Fact]
    public void A_number_is_kept_by_its_bits_and_type()
    {
        Assert.Same(Number.Of(2.5), Number.Of(2.5));
        Assert.Same(Number.Of(7), Number.Of(7));
        Assert.Equal((torch.ScalarType.Int64, torch.ScalarType.Float64), (Number.Of(7).Type, Number.Of(7.0).Type));
        Assert.Equal((double.NegativeInfinity, double.PositiveInfinity), (1 / Number.Of(-0.0).ToDouble(), 1 / Number.Of(0.0).ToDouble()));
        Assert.Equal(long.MaxValue, Number.Of(long.MaxValue).ToInt64());
        Assert.Equal(0.1f, Number.Of(0.1f).ToDouble());
    }

    [Fact]
    public void A_number_that_hardly_comes_again_is_the_callers()
    {
        using var first = Number.Once(0.25);
        using var second = Number.Once(0.25);
        Assert.NotSame(first, second);
        Assert.Equal(0.25, second.ToDouble());
    }

    /// <summary>
    /// TorchSharp's methods that make a scalar of a number, and those of its own that call them. A module's <c>forward</c> isn't followed
    /// to the modules that there are.
    /// </summary>
    private static HashSet<(Module, int)> MethodsThatMakeScalars()
    {
        var methods = MethodsOf(typeof(Scalar).Assembly).ToList();
        var callers = methods
            .SelectMany(method => Calls(method).Select(called => (Caller: KeyOf(method), Called: KeyOf(called))))
            .ToLookup(call => call.Called, call => call.Caller);
        var makers = methods
            .Where(method => method is MethodInfo { ReturnType: var made } && made == typeof(Scalar)
                && (method.DeclaringType == typeof(Scalar) || method.DeclaringType == typeof(ScalarExtensionMethods)))
            .Select(KeyOf)
            .ToHashSet();
        var next = new Stack<(Module, int)>(makers);
        while (next.TryPop(out var maker))
        {
            foreach (var caller in callers[maker].Where(makers.Add))
                next.Push(caller);
        }

        return makers;
    }

    /// <summary>The calls of a method that make scalars of numbers.</summary>
    private static IEnumerable<string> Faults(MethodBase method) => Calls(method)
        .Where(called => Makers.Contains(KeyOf(called)))
        // TorchScript makes them of arguments alone that are numbers.
        .Where(called => called.GetParameters() is not [.., { ParameterType: var last }] || last != typeof(object[])
            || BoxesNumbers(method))
        .Select(called => $"{method.DeclaringType}.{method.Name} calls {called}");

    private static IEnumerable<MethodBase> Calls(MethodBase method) => Names(method)
        .Where(name => name.Code.OperandType is OperandType.InlineMethod or OperandType.InlineTok)
        .Select(name => name.Member)
        .OfType<MethodBase>();

    private static bool BoxesNumbers(MethodBase method) => Names(method).Any(name => name.Code == OpCodes.Box
        && name.Member is Type boxed && (boxed == typeof(double) || boxed == typeof(float) || boxed == typeof(long)));

    private static IEnumerable<(OpCode Code, MemberInfo? Member)> Names(MethodBase method)
    {
        var ofType = method.DeclaringType?.GetGenericArguments();
        var ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        return MethodCode.Names(method.GetMethodBody()?.GetILAsByteArray() ?? [])
            .Select(name => (name.Code, method.Module.ResolveMember(name.Token, ofType, ofMethod)));
    }

    private static IEnumerable<MethodBase> MethodsOf(Assembly assembly) =>
        assembly.GetTypes().SelectMany(type => type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)));

    private static (Module, int) KeyOf(MethodBase method) => (method.Module, method.MetadataToken);

    private static Type Outermost(MethodBase method)
    {
        var type = method.DeclaringType!;
        while (type.DeclaringType is { } outer)
            type = outer;
        return type;
    }

    /// <summary>Read, never called.</summary>
    private static class Fault
    {
        public static torch.Tensor Operator(torch.Tensor x) => x * 2;

        public static torch.Tensor Argument(torch.Tensor x) => x.clamp(-1, 1);

        public static torch.Tensor Sum(torch.Tensor x) => x + x;

        public static torch.Tensor Inside(torch.Tensor x) => x.square();

        public static object Script(torch.jit.CompilationUnit unit, torch.Tensor x) => unit.invoke("scale", x, 0.5);

        public static torch.Tensor Held(torch.Tensor x, torch.Tensor y) => (x * Number.Of(2)).add(y, Number.One);

        public static object HeldInScript(torch.jit.CompilationUnit unit, torch.Tensor x) => unit.invoke("scale", x, Number.Of(0.5), true);
    }
}
