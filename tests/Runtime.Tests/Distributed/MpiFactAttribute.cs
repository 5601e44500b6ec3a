using System.Reflection;
using Xunit.Sdk;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>A fact about real processes that Open MPI starts.</summary>
internal sealed class MpiFactAttribute : FactAttribute
{
    public MpiFactAttribute() => Skip = MpiLauncher.Missing(MpiLauncher.OpenMpiName);
}

/// <summary>One row of a theory about real processes: a launcher's name, and more arguments.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class MpiDataAttribute : DataAttribute
{
    private readonly object[] row;

    public MpiDataAttribute(string launcher, params object[] more)
    {
        row = [launcher, .. more];
        Skip = MpiLauncher.Missing(launcher);
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [row];
}
