using System.Runtime.CompilerServices;
using UNetGen.Generator.Tests.Harness;

namespace VerifyXunit;

/// <summary>Verify.Xunit's, as far as docs/snapshots.md uses it, where that package doesn't restore.</summary>
public static class Verifier
{
    /// <summary>Compares with <c>Class.Method.verified.cs</c>, as Verify does.</summary>
    public static Task Verify(
        string target, string extension, [CallerFilePath] string sourceFile = "", [CallerMemberName] string method = "")
    {
        Assert.Equal("cs", extension);
        return Snapshot.Matches(target, hint: null, sourceFile, method);
    }
}
