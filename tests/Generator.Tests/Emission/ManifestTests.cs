using UNetGen.Generator.Common;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Tests.Emission;

/// <summary>The table of the state_dict. That it is the live module's is tested where modules live, in Runtime.Tests.</summary>
public sealed class ManifestTests
{
    [Fact]
    public void A_module_whose_inside_is_the_user_s_own_is_named_and_left_open()
    {
        var inner = new ModulePlan("0", "block1", "My.Block", "", "") { IsOpen = true };
        var fixedTable = new ModulePlan("1", "table", "My.Table", "", "")
        {
            Parameters = new[] { new ParameterPlan("weights", new[] { 8, 2 }.ToEquatableArray(), Trainable: false) }.ToEquatableArray(),
        };
        var level = new ModulePlan("downs.0", "downs_0", "Down0", "", "") { Children = new[] { inner, fixedTable }.ToEquatableArray() };
        Assert.Equal(["downs.0.0.*", "downs.0.1.weights float32 [8, 2] fixed"], ManifestEmitter.Rows("", [level]));
    }
}
