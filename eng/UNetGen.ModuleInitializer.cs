// Part of every project that imports UNetGen.Consumer.targets: a program's first line may call TorchSharp before it touches anything
// of UNetGen, and libtorch must load even then. A module's initializer runs before any other code of that module.
file static class UNetGenModuleInitializer
{
#pragma warning disable CA2255 // Meant for applications: it is theirs, wherever they are libraries too.
    [global::System.Runtime.CompilerServices.ModuleInitializer]
    internal static void Install() => global::UNetGen.Native.Libtorch.Install();
#pragma warning restore CA2255
}
