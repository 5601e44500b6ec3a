using System.Runtime.InteropServices;
using UNetGen.Backends.Nodes;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// What goes wrong in a kernel's backward pass comes out where that was begun, also where autograd has a thread of its own.
/// </summary>
public class BackwardFaultTests
{
    private static readonly ExternalException OfLibtorch = new("a gradient of another shape");

    public BackwardFaultTests() => Gradients.Prepare();

    [Fact]
    public void On_the_thread_that_begins_it() =>
        Assert.Equal("kernel", Thrown<InvalidOperationException>(() => Fail("kernel"), elsewhere: false).Message);

    [Fact]
    public void On_autograds_own_thread() =>
        Assert.Equal("kernel", Thrown<InvalidOperationException>(() => FailElsewhere("kernel"), elsewhere: true).Message);

    [Fact]
    public void A_pass_on_the_cpu_does_not_take_what_went_wrong_on_another_thread() =>
        Assert.Same(OfLibtorch, Thrown<ExternalException>(() => FailElsewhere("another's"), elsewhere: false));

    [Fact]
    public void What_went_wrong_in_a_pass_is_forgotten_in_the_next()
    {
        Thrown<InvalidOperationException>(() => FailElsewhere("first"), elsewhere: true);
        Thrown<ExternalException>(() => FailElsewhere("left over"), elsewhere: false);
        Thrown<InvalidOperationException>(() => Fail("here"), elsewhere: false);
        Assert.Same(OfLibtorch, Thrown<ExternalException>(() => throw OfLibtorch, elsewhere: true));
    }

    [Fact]
    public void Of_two_at_a_time_on_the_cpu_each_has_its_own()
    {
        using var both = new Barrier(2);
        var messages = new[] { "one", "other" }.AsParallel().AsOrdered().WithDegreeOfParallelism(2)
            .WithExecutionMode(ParallelExecutionMode.ForceParallelism).Select(name =>
                Thrown<InvalidOperationException>(() =>
                {
                    both.SignalAndWait();
                    Gradients.Refused(new InvalidOperationException(name), []);
                    both.SignalAndWait();
                    throw OfLibtorch;
                }, elsewhere: false).Message).ToArray();
        Assert.Equal(["one", "other"], messages);
    }

    private static T Thrown<T>(Action backward, bool elsewhere)
        where T : Exception => Assert.Throws<T>(() => Gradients.Explained(backward, elsewhere));

    /// <summary>As libtorch does with what it refuses.</summary>
    private static void Fail(string message)
    {
        Gradients.Refused(new InvalidOperationException(message), [true, false]);
        throw OfLibtorch;
    }

    private static void FailElsewhere(string message)
    {
        var thread = new Thread(() => Gradients.Refused(new InvalidOperationException(message), [true]));
        thread.Start();
        thread.Join();
        throw OfLibtorch;
    }
}
