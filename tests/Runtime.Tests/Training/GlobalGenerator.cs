namespace UNetGen.Runtime.Tests.Training;

/// <summary>
/// Tests in which libtorch's own generator, of which a process has one, must not be used by others at the same time: dropout draws from it.
/// </summary>
[CollectionDefinition(nameof(GlobalGenerator), DisableParallelization = true)]
public sealed class GlobalGenerator;
