namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>A fact about real processes that Open MPI starts.</summary>
internal sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute() => Skip = MpiLauncher.OpenMpi is null ? MpiTheoryAttribute.Missing("Open MPI") : null;
}

/// <summary>What holds for real processes that each launcher starts; its data is <see cref="MpiDataAttribute"/>.</summary>
internal sealed class MpiTheoryAttribute : TheoryAttribute
{
    public static string Missing(string which) => $"There is no mpirun of {which} here.";
}

/// <summary>One launcher and more arguments.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class MpiDataAttribute : Xunit.Sdk.DataAttribute
{
    private readonly string which;
    private readonly object[] more;

    public MpiDataAttribute(string which, params object[] more)
    {
        (this.which, this.more) = (which, more);
        if (Launcher is null)
            Skip = MpiTheoryAttribute.Missing(which);
    }

    private MpiLauncher? Launcher => which == "MPICH" ? MpiLauncher.Mpich : MpiLauncher.OpenMpi;

    public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo testMethod) => [[Launcher!, .. more]];
}
