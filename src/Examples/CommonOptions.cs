using System.CommandLine;

namespace UNetGen.Examples;

/// <summary>Options that several commands have, and how numbers are checked.</summary>
internal static class CommonOptions
{
    public static Option<string> Device() => new("--device")
    {
        Description = "auto (CUDA where there is a GPU), cpu, cuda or cuda:N.",
        DefaultValueFactory = _ => "auto",
        HelpName = "DEVICE",
    };

    public static Option<long> Seed() => new("--seed") { Description = "The same seed draws the same.", DefaultValueFactory = _ => 0L, HelpName = "N" };

    /// <summary>A whole number of at least <paramref name="min"/>.</summary>
    public static Option<T> AtLeast<T>(this Option<T> option, T min)
        where T : IComparable<T>
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is { } value && value.CompareTo(min) < 0)
                result.AddError(FormattableString.Invariant($"{option.Name} must be at least {min}, not {value}."));
        });
        return option;
    }
}
