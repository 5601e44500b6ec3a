using System.Reflection;
using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Diffusion;

/// <summary>Null where a tensor belongs is the caller's mistake, and named as such by every public method of the mathematics.</summary>
public sealed class NullTests
{
    [Theory]
    [InlineData(DiffusionType.Ddpm, Objective.Noise)]
    [InlineData(DiffusionType.Ddpm, Objective.X0)]
    [InlineData(DiffusionType.Ddpm, Objective.V)]
    [InlineData(DiffusionType.Flow, Objective.Noise)]
    [InlineData(DiffusionType.Edm, Objective.Noise)]
    public void A_tensor_that_is_null_is_named(DiffusionType type, Objective objective)
    {
        using var scope = NewDisposeScope();
        using var diffusion = DiffusionProcess.Of(new() { Type = type, Timesteps = 50, Objective = objective });
        var (x, t) = (zeros(2, 1, 4, 4), type == DiffusionType.Ddpm ? tensor([3L, 4]) : tensor([0.25, 0.5]));
        var methods = diffusion.GetType().GetMethods().Where(method => Array.Exists(method.GetParameters(), IsTensor)).ToList();
        Assert.InRange(methods.Count, 5, 20);
        foreach (var method in methods)
        {
            var parameters = method.GetParameters();
            object?[] given = [.. parameters.Select(parameter => parameter.Name == "t" ? t : x)];
            method.Invoke(diffusion, given);
            for (var i = 0; i < parameters.Length; i++)
            {
                object?[] lacking = [.. given];
                lacking[i] = null;
                var thrown = Assert.IsAssignableFrom<ArgumentException>(
                    Record.Exception(() => method.Invoke(diffusion, BindingFlags.DoNotWrapExceptions, null, lacking, null)));
                Assert.Equal(parameters[i].Name, thrown.ParamName);
            }
        }
    }

    [Fact]
    public void A_sampler_s_step_without_a_denoiser_is_named()
    {
        foreach (var sampler in (Sampler[])[new AncestralSampler(), new DdimSampler(), new DpmSolverSampler(), new HeunSampler()])
            Assert.Throws<ArgumentNullException>("denoiser", () => sampler.Step(null!, zeros(1, 1, 4, 4), time: 1, next: 0));
    }

    private static bool IsTensor(ParameterInfo parameter) => parameter.ParameterType == typeof(Tensor);
}
