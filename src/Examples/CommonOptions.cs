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
    public static Option<int> AtLeast(this Option<int> option, int min) => option.Must(value => value >= min, $"at least {min}");

    /// <inheritdoc cref="AtLeast(Option{int}, int)"/>
    public static Option<int?> AtLeast(this Option<int?> option, int min) => option.Must(value => value >= min, $"at least {min}");

    /// <summary>Checks a given value; the message says what it must be.</summary>
    public static Option<T> Must<T>(this Option<T> option, Predicate<T> holds, string range)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 0)
                return; // the default
            try
            {
                if (result.GetValueOrDefault<T>() is { } value && !holds(value))
                    result.AddError($"{option.Name} must be {range}, not {result.Tokens[0].Value}.");
            }
            catch (InvalidOperationException)
            {
                // Text that is no T: the parser reports it by itself.
            }
        });
        return option;
    }
}
