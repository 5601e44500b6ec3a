namespace UNetGen.Package.Tests.Harness;

/// <summary>
/// The compiler's server as builds of users have it, but of these tests alone and gone with them: a build that compiles by itself
/// takes three times as long, most of it before the compiler's own code is compiled.
/// </summary>
internal sealed class SharedCompiler : IDisposable
{
    public SharedCompiler() => Dotnet.Compiler = $"unetgen-tests-{Guid.NewGuid():N}";

    public void Dispose() => Dotnet.Succeed(Path.GetTempPath(), Tree.CompilerServer, "-shutdown", $"-pipename:{Dotnet.Compiler}");
}
