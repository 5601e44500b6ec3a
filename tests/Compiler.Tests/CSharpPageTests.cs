using UNetGen.Interop;

namespace UNetGen.Compiler.Tests;

/// <summary>
/// What docs/csharp.md shows of networks without a build does what the page says; that it shows it, the runtime's tests ask.
/// </summary>
public sealed class CSharpPageTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("unetgen-compiler-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_network_of_another_width_is_saved_and_draws_from_its_file_alone()
    {
        var (file, picture) = (Path.Combine(folder, "wide.safetensors"), Path.Combine(folder, "wide.png"));
        using (var wide = Redrawing.OfWidth("faces.unet.yaml", 16))
        using (var network = wide.Create())
        {
            Assert.Equal(16, wide.Info.Levels.Single(level => level.Name == "0").Channels);
            StateDict.Save(file, network);
        }

        Redrawing.Draw(file, picture);

        Assert.True(new FileInfo(picture).Length > 0);
    }
}
