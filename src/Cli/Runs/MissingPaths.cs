namespace UNetGen.Cli.Runs;

/// <summary>Paths that a file of options names, and where there is nothing.</summary>
internal static class MissingPaths
{
    /// <summary>
    /// The call that says where they are now: all of the run's options that were given, and <c>PATH</c> for each that is missing. Who types
    /// it isn't asked for another one then.
    /// </summary>
    /// <param name="command">What the call begins with.</param>
    /// <param name="given">The options that were given.</param>
    /// <param name="missing">The keys of paths where there is nothing.</param>
    public static string Call(
        string command, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> given, IEnumerable<string> missing)
    {
        var again = given.Select(change => $" {change.Key.Option} {ShellWord.Of(change.Key.Write(change.Value(new RunOptions())))}");
        return command + string.Concat(again.Concat(missing.Select(key => $" --{key.Replace('_', '-')} PATH")));
    }
}
