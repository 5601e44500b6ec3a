using System.Runtime.CompilerServices;
using UNetGen.Generator.Tests.Editors;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Snapshots;

/// <summary>Generated code as a person reads it: each change of it is seen here before anyone else sees it.</summary>
public sealed class GeneratedCodeTests
{
    [Fact]
    public Task Annotated() => Matches(Specimens.Annotated);

    [Fact]
    public Task Lucidrains_with_rms() => Matches(Specimens.LucidrainsRms);

    [Fact]
    public Task Self_conditioned_with_many_keys() => Matches(Specimens.ManyKeys);

    [Fact]
    public Task Ddpm() => Matches(Specimens.Ddpm);

    [Fact]
    public Task Adm_with_classes_and_variance() => Matches(Specimens.Adm);

    [Fact]
    public Task Images_with_a_condition() => Matches(Specimens.Conditioned);

    [Fact]
    public Task Conditional() => Matches(Specimens.Conditional);

    [Fact]
    public Task A_users_own_block() => Matches(Specimens.UserBlock);

    [Fact]
    public Task A_broken_spec() => Matches(Specimens.Broken);

    /// <summary>The README shows parts of this one.</summary>
    [Fact]
    public Task Coloured_shapes() =>
        Matches(File.ReadAllText(Path.Combine(SpecCorpus.Root(), "specs/shapes.unet.yaml")), "specs/shapes.unet.yaml");

    private static Task Matches(string spec, string path = "specs/tiny.unet.yaml", [CallerMemberName] string method = "")
    {
        var (hint, source) = GeneratorHarness.RunTwice(null, (path, spec)).Sources.Single();
        return Snapshot.Matches(source, Path.GetFileNameWithoutExtension(hint), method: method);
    }
}
