using TorchSharp;
using static TorchSharp.torch;
using UNetGen.Networks;

namespace UNetGen.Runtime.Tests;

public class DevicesTests
{
    [Fact]
    public void The_CPU_is_there() => Assert.Equal(DeviceType.CPU, Devices.Parse("cpu").type);

    [Theory]
    [InlineData(null)]
    [InlineData("auto")]
    public void Without_a_wish_it_is_the_default_device(string? text)
    {
        var expected = torch.cuda.is_available() ? DeviceType.CUDA : DeviceType.CPU;
        Assert.Equal(expected, Devices.Default.type);
        Assert.Equal(expected, Devices.Parse(text).type);
    }

    [Theory]
    [InlineData("cuda", 0)]
    [InlineData("cuda:0", 0)]
    [InlineData("cuda:99", 99)]
    public void A_GPU_is_given_where_it_is_there_and_refused_with_the_reason_where_not(string text, int index)
    {
        if (torch.cuda.is_available() && index < torch.cuda.device_count())
        {
            var device = Devices.Parse(text);
            Assert.Equal((DeviceType.CUDA, index), (device.type, device.index));
        }
        else
        {
            string message = Assert.Throws<UNetGenException>(() => Devices.Parse(text)).Message;
            Assert.StartsWith($"Device '{text}'", message);
            var ofNetwork = Assert.Throws<UNetGenException>(() => new AnnotatedTinyRgbUNet(new Device(DeviceType.CUDA, index)));
            Assert.StartsWith($"Device 'cuda:{index}'", ofNetwork.Message);
        }
    }

    [Theory]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.ComplexFloat32)]
    public void A_network_of_a_type_that_weights_cannot_have_is_refused(ScalarType type) =>
        Assert.Contains($"not of {type}.", Assert.Throws<ArgumentException>("dtype", () => new AnnotatedTinyRgbUNet(dtype: type)).Message);

    [Fact]
    public void Each_process_of_a_machine_has_a_GPU_of_its_own()
    {
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(localRank => Devices.GpuOf(localRank, gpus: 4)));
        // The launcher has given it that one.
        Assert.Equal(0, Devices.GpuOf(localRank: 3, gpus: 1));
        Assert.Contains(
            "process 2 of its machine, counted from 0, and it sees 2 GPUs",
            Assert.Throws<UNetGenException>(() => Devices.GpuOf(2, 2)).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CUDA")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda: 1")]
    [InlineData("cuda:99999999999")]
    [InlineData("cpu:0")]
    public void Anything_else_is_no_device(string text) =>
        Assert.Contains($"'{text}' is no device", Assert.Throws<UNetGenException>(() => Devices.Parse(text)).Message);
}
