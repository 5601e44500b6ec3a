using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>
/// Faults of the generator's own: no spec is known that shows one, so the step itself is given what no reader lets through.
/// </summary>
public sealed class FailureTests
{
    [Fact]
    public void A_planner_that_fails_is_one_diagnostic_with_the_spec_s_path_and_the_class_is_still_there()
    {
        var file = new SpecNetwork("specs/tiny.unet.yaml", "/project/specs/tiny.unet.yaml", new UNetSpec { Name = "TinyUNet" },
            Broken: false).Emit(CancellationToken.None);
        Assert.Contains("class TinyUNet ", file.Text, StringComparison.Ordinal);
        var diagnostic = file.Failure!.ToDiagnostic();
        Assert.Equal("/project/specs/tiny.unet.yaml", diagnostic.Location.GetLineSpan().Path);
        Assert.StartsWith("UNG0099: writing the class failed; please report it with the spec: ",
            $"{diagnostic.Id}: {diagnostic.GetMessage()}", StringComparison.Ordinal);
    }
}
