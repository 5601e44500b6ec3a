// Trains, draws, measures: `dotnet run -- --help` lists the commands. The networks are those of the project's *.unet.yaml files.
return UNetGen.Cli.UNetGenProgram.Run(args);
