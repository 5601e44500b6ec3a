using System.CommandLine;
using UNetGen.Compiler;
using UNetGen.Files;

namespace UNetGen.Cli.Specs;

/// <summary>Shows the class that a build makes of a spec.</summary>
internal static class GenerateCommand
{
    public static Command AddTo(Command command)
    {
        var path = new Argument<string>("SPEC") { Description = $"A {Catalog.SpecEnding} file." };
        var @namespace = new Option<string?>("--namespace")
        {
            Description = "The namespace of a class whose spec names none, as a project's RootNamespace; without: the global one.",
            HelpName = "NAME",
        };
        command.Add(path);
        command.Add(@namespace);
        command.SetAction(parsed => Write(parsed.GetRequiredValue(path), parsed.GetValue(@namespace)));
        return command;
    }

    private static int Write(string path, string? @namespace)
    {
        if (File.Exists(path))
            Catalog.RequireSpecName(path);
        var generated = Generate(path, new() { ProjectFolder = Environment.CurrentDirectory, RootNamespace = @namespace ?? "" });
        foreach (var diagnostic in generated.Diagnostics)
            Console.Error.WriteLine(diagnostic);
        if (generated.HasErrors)
            return UNetGenProgram.Failure;
        Console.Write(generated.Source);
        return 0;
    }

    private static GeneratedSpec Generate(string path, SpecOptions options)
    {
        try
        {
            return SpecCompiler.Generate(path, options);
        }
        catch (UNetGenException error) when (!Presence.Of(path))
        {
            throw new UNetGenException($"{error.Message}{SpecsBeside.Suggestion(path)}", error);
        }
    }
}
