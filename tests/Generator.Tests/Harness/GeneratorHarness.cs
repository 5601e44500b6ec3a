namespace UNetGen.Generator.Tests.Harness;

/// <summary>Runs the generator as every test should: twice, and with no diagnostic unseen.</summary>
internal static class GeneratorHarness
{
    /// <summary>The run over a spec without faults; fails with the assertion to paste if there is one.</summary>
    public static GeneratorRun Run(string spec, ProjectOptions? options = null, string path = "tiny.unet.yaml") =>
        Run(options, (path, spec));

    public static GeneratorRun Run(ProjectOptions? options, params (string Path, string Text)[] specs)
    {
        var run = RunTwice(options, specs);
        if (run.Diagnostics.Count > 0)
            Assert.Fail("There are diagnostics that the test didn't expect. If they are right:\n\n" + Errors.Assertion(run, specs));
        return run;
    }

    /// <summary>The first of two runs, the second of which, after an edit of unrelated code, must have done nothing.</summary>
    public static GeneratorRun RunTwice(ProjectOptions? options, params (string Path, string Text)[] specs)
    {
        var project = new GeneratorProject(options ?? ProjectOptions.Default, specs);
        var run = project.Run();
        Assert.Null(run.Exception);
        Assert.DoesNotContain(run.Diagnostics, diagnostic => diagnostic.Id == "UNG0099");
        Assert.All(run.Sources.Values, source => Assert.DoesNotContain('\r', source));
        project.EditCode();
        project.Run().AssertNothingRanAgain();
        return run;
    }
}
