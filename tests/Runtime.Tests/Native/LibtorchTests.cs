using TorchSharp;

namespace UNetGen.Runtime.Tests.Native;

public class LibtorchTests
{
    [Fact]
    public void A_tensor_can_be_made_here()
    {
        using var ones = torch.ones(2, 3);
        Assert.Equal(6, ones.sum().item<float>());
    }
}
