using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>Keys to a spec: each by its row of <see cref="Fields"/>, then what only several keys together can violate.</summary>
internal static class SpecReader
{
    /// <summary>The spec's best reading, whole and valid if no problem was reported.</summary>
    /// <param name="named">The name and namespace of a spec that gives none.</param>
    public static UNetSpec Read(GivenKeys keys, UNetSpec named, Problems problems)
    {
        // Setting the preset sets every default, so it comes first.
        var spec = new UNetSpec();
        foreach (var field in Fields.All.OrderByDescending(field => field.Key == "preset"))
        {
            var uncertain = keys.IsUncertain(field.Key);
            if (keys.Has(field.Key) && !(uncertain && field.Key == "preset"))
                spec = field.Read(keys.Value(field.Key), spec,
                    uncertain || keys.IsAnyItemUncertain(field.Key) ? Problems.Ignored : problems);
            else if (field.Required && !uncertain)
                problems.Report(Rules.MissingKey, field.Key, keys.Start, Missing(field));
        }

        spec = spec with
        {
            Name = spec.Name.Length > 0 ? spec.Name : named.Name,
            Namespace = spec.Namespace.Length > 0 ? spec.Namespace : named.Namespace,
        };
        if (keys.Has("attention") && keys.Value("attention") is YamlScalar)
            spec = spec with { Attention = spec.Attention with { Off = true } };

        var context = new CheckContext(spec, keys, problems);
        if (keys.Has("name") && Names.FaultOfClassIn(spec.Namespace, spec.Name, named.Namespace) is { } fault)
        {
            if (context.AreCertain("name", "namespace"))
                context.Report(Rules.InvalidName, "name", fault);
            spec = spec with { Name = named.Name };
        }

        SpecChecks.Check(context);
        return !problems.AnyError && !keys.AnyDoubt && keys.WithoutInherited(IsUseless) is { } useful
            ? Read(useful, named, problems)
            : spec;

        // A base may say it for a network that has use for it; this one has none.
        bool IsUseless(string key) => Fields.ByKey.TryGetValue(key, out var field) && field.WhyUseless(spec) is not null;
    }

    private static string Missing(Field field) =>
        $"'{field.Key}' is missing: {Lower(field.Summary).TrimEnd('.')}; it must be {field.Description}";

    private static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence.Substring(1);
}
