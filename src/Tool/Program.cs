using UNetGen.Cli;

return UNetGenProgram.Run(args, []);
