using Google.Protobuf;
using UNetGen.Networks;
using UNetGen.Sampling;

namespace UNetGen.Onnx.Tests.Checker;

public sealed class CheckerTests : FileTests
{
    [CheckerFact]
    public void Files_are_ONNX_whatever_is_exported()
    {
        using var plain = Comparison.Network(Comparison.TinySpec);
        using var conditioned = Comparison.Network(Comparison.TinySpec + "\nself_condition: true\nnum_classes: 4");
        var paths = new List<string>();
        foreach (var half in (bool[])[false, true])
        {
            Export(plain, "network", new OnnxOptions { Half = half });
            Export(conditioned, "network.conditioned", new OnnxOptions { Half = half });
            Export(plain, "beside", new OnnxOptions { Half = half, MostInside = 0 });
            foreach (var sampler in (SpacedSampler[])[new DdimSampler(4), new DpmSolverSampler(4), new HeunSampler(4), new DdimSampler(1)])
            {
                Export(plain, "draw", new OnnxOptions { Half = half, Sampler = sampler });
                Export(conditioned, "draw.conditioned", new OnnxOptions { Half = half, Sampler = sampler });
            }
        }

        Assert.Empty(OnnxChecker.Complaints(paths));

        void Export(NoisePredictor network, string name, OnnxOptions options)
        {
            paths.Add(PathOf($"{name}.{paths.Count}.onnx"));
            OnnxExport.Save(paths[^1], network, options);
        }
    }

    [CheckerFact]
    public void The_checker_would_say_what_is_wrong()
    {
        using var network = Comparison.Network(Comparison.TinySpec);
        OnnxExport.Save(PathOf("right.onnx"), network);
        var model = Model.Read(PathOf("right.onnx"));
        model.Graph.Output[0].Type.TensorType.Shape.Dim[1].DimValue++;
        File.WriteAllBytes(PathOf("shape.onnx"), model.ToByteArray());
        model = Model.Read(PathOf("right.onnx"));
        model.Graph.Node[0].OpType = "Convolution";
        File.WriteAllBytes(PathOf("operator.onnx"), model.ToByteArray());

        var complaints = OnnxChecker.Complaints([PathOf("right.onnx"), PathOf("shape.onnx"), PathOf("operator.onnx")]);

        Assert.Equal(["shape.onnx", "operator.onnx"], complaints.Select(complaint => complaint.Split(':')[0]));
    }
}
