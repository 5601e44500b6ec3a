namespace UNetGen.Onnx.Tests.Checker;

/// <summary>A fact that ONNX's own checker finds out.</summary>
internal sealed class CheckerFactAttribute : FactAttribute
{
    public CheckerFactAttribute() => Skip = OnnxChecker.Missing;
}
