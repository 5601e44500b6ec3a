using UNetGen.Tests;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>A theory about a script, skipped where there is nothing to run it.</summary>
internal sealed class NodeTheoryAttribute : TheoryAttribute
{
    public NodeTheoryAttribute() => Skip = NodeJs.Missing;
}
