
namespace UNetGen.Examples.Tests;

/// <summary>
/// What a command line says is judged by the values that hold, those by default among them, and what is wrong with it is told in a
/// sentence.
/// </summary>
public sealed class CommandLineTests : IDisposable
{
    private const string NoCheckpoint = "There is no checkpoint nowhere";

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void Every_sampler_has_its_options_and_no_others()
    {
        string[] few = ["ddim", "euler", "dpm++", "heun"];
        (string[] Given, string[] Samplers)[] options =
        [
            (["--steps", "5"], few),
            (["--spacing", "trailing"], few),
            (["--spacing", "leading", "--steps-offset", "1"], few),
            (["--eta", "0.5"], ["ddim"]),
            (["--rederive-noise", "false"], ["ddim"]),
        ];
        var cases =
            from option in options
            from sampler in (string?[])[null, "ddpm", .. few]
            select (option.Given, Sampler: sampler, Fits: option.Samplers.Contains(sampler ?? "ddim"));

        foreach (var given in cases)
        {
            string[] chosen = given.Sampler is null ? [] : ["--sampler", given.Sampler];
            var error = program.Fail(given.Fits ? 1 : 2, ["sample", "--checkpoint", "nowhere", .. chosen, .. given.Given]);
            var refusal = given.Given[0] is "--eta" or "--rederive-noise"
                ? $"{given.Given[0]} belongs to ddim, and the sampler is {given.Sampler}."
                : $"ddpm takes every timestep, of a DDPM: {given.Given[0]} belongs to ddim, euler, dpm++ or heun, which draw with any network.";
            Assert.Contains(given.Fits ? NoCheckpoint : refusal, error);
        }
    }

    [Theory]
    [InlineData("--steps-offset belongs to --spacing leading.", "sample", "--checkpoint", "nowhere", "--steps-offset", "1")]
    [InlineData(
        "--steps-offset belongs to --spacing leading.", "sample", "--checkpoint", "nowhere", "--spacing", "even", "--steps-offset", "0")]
    [InlineData("--out must be a .png file, a folder or, for latents, a .safetensors file, not 'x.JPG'.", "sample", "--checkpoint", "nowhere", "--out", "x.JPG")]
    [InlineData("or, for latents, a .safetensors file, not 'x.pt'.", "sample", "--checkpoint", "nowhere", "--out", "x.pt")]
    [InlineData(
        "--feature-input belongs to a TorchScript file", "evaluate", "--samples", "s", "--data", "shapes", "--features", "f.safetensors",
        "--feature-input", "bytes")]
    [InlineData("--batch-size is for one network's memory", "inspect", "--batch-size", "4")]
    [InlineData("--resume stands without --run and --out", "train", "--resume", "run", "--run", "run.yaml")]
    [InlineData("--spec names one that is there already", "import", "folder", "--out", "x.unet.yaml", "--spec", "x")]
    [InlineData("--convert is for weights", "import", "folder", "--out", "x.unet.yaml", "--convert")]
    [InlineData(
        "--format diffusers writes a folder, and x.safetensors names a file: add --format safetensors, or name a folder.", "export",
        "--checkpoint", "nowhere", "--out", "x.safetensors")]
    [InlineData(
        "--format diffusers writes a folder, and x.onnx names a file: add --format onnx, or name a folder.", "export", "--checkpoint",
        "nowhere", "--out", "x.onnx")]
    [InlineData(
        "--format web writes a folder, and x.safetensors names a file: add --format safetensors, or", "export", "--checkpoint", "nowhere",
        "--format", "web", "--out", "x.safetensors")]
    [InlineData(
        "--format diffusers writes a folder, and x.PNG names a file: name a folder.", "export", "--checkpoint", "nowhere", "--out", "x.PNG")]
    [InlineData(
        "--half belongs to --format onnx or web, and the format is diffusers.", "export", "--checkpoint", "nowhere", "--out", "x", "--half")]
    [InlineData(
        "--spacing belongs to --format onnx or web, and the format is safetensors.", "export", "--checkpoint", "nowhere", "--out", "x.safetensors",
        "--format", "safetensors", "--spacing", "even")]
    [InlineData(
        "--steps belongs to --with-sampler, which isn't given.", "export", "--checkpoint", "nowhere", "--out", "x.onnx", "--format", "onnx",
        "--steps", "5")]
    [InlineData(
        "--rederive-noise belongs to ddim, and the sampler is heun.", "export", "--checkpoint", "nowhere", "--out", "x.onnx", "--format",
        "onnx", "--with-sampler", "heun", "--rederive-noise", "false")]
    public void Options_that_don_t_go_together_are_a_usage_error(string message, params string[] arguments)
    {
        var error = program.Fail(2, arguments);
        Assert.Contains(message, error);
        Assert.EndsWith("Try --help.\n", error);
        Assert.Empty(Directory.GetFileSystemEntries(program.Folder));
    }

    [Theory]
    [InlineData("give one, or leave --out out.", "train", "--out", "")]
    [InlineData("give one.", "sample", "--checkpoint", "")]
    [InlineData("give one.", "export", "--checkpoint=", "--out", "x")]
    [InlineData("give one, or leave --spec out.", "import", "folder", "--spec", "")]
    [InlineData("give one.", "report", "")]
    [InlineData("give one, or leave it out.", "inspect", "")]
    public void Only_what_can_be_left_out_is_to_be_left_out(string advice, params string[] arguments) =>
        Assert.EndsWith($"is empty, as when a variable of the shell isn't set: {advice}\n", program.Fail(1, arguments));

    [Theory]
    [InlineData("--out", "sample", "--checkpoint", "nowhere", "--out", "a.png", "--out")]
    [InlineData("--steps", "train", "--steps", "2", "--out", "run", "--steps")]
    [InlineData("--checkpoint", "export", "--checkpoint=c", "--checkpoint", "--out", "x")]
    public void An_option_that_is_repeated_without_a_value_is_not_passed_over(string option, params string[] arguments) =>
        Assert.StartsWith($"error: {option} ", program.Fail(2, arguments));

    [Theory]
    [InlineData("The value of --out is empty", "train", "--steps", "1", "--out", "")]
    [InlineData("The value of --out is empty", "--out", "")]
    [InlineData("The value of --out is empty", "train", "--out=")]
    [InlineData("The value of --learning-rate is empty", "train", "--learning-rate", " \t")]
    [InlineData("The value of --resume is empty", "train", "--resume", "", "--steps", "5")]
    [InlineData("The value of --out is empty", "sample", "--checkpoint", "nowhere", "--out", "")]
    [InlineData("The value of --class is empty", "sample", "--checkpoint", "nowhere", "--class=  ")]
    [InlineData("The value of --cache is empty", "evaluate", "--samples", "s", "--data", "d", "--features", "f", "--cache", "")]
    [InlineData("The value of --spec is empty", "classifier", "--data", "d", "--out", "o", "--spec", "")]
    [InlineData("The value of --out is empty", "export", "--checkpoint", "c", "--out", "")]
    [InlineData("The value of --spec is empty", "import", "folder", "--spec", "", "--checkpoint", "x.safetensors")]
    [InlineData("The argument behind 'import' is empty", "import", "", "--out", "x.unet.yaml")]
    [InlineData("The argument behind 'report' is empty", "report", "")]
    [InlineData("The argument behind 'inspect' is empty", "inspect", " ")]
    [InlineData("The command is empty", "")]
    public void What_is_given_empty_is_told_as_a_shell_s_variable_that_isn_t_set(string message, params string[] arguments)
    {
        var error = program.Fail(1, arguments);
        Assert.StartsWith($"error: {message}, as when a variable of the shell isn't set", error);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Empty(Directory.GetFileSystemEntries(program.Folder));
    }

    [Theory]
    [InlineData("There is no command 'trian'. Did you mean 'train'?", "trian")]
    [InlineData("There is no command 'sampel'. Did you mean 'sample'?", "sampel", "--checkpoint", "x", "--count", "5")]
    [InlineData("There is no command 'draw'. There are train, sample, ", "draw")]
    [InlineData("The command train has no option '--stepz'. Did you mean '--steps'?", "train", "--stepz", "5")]
    [InlineData("The command train has no option '--batch_size'. Did you mean '--batch-size'?", "train", "--batch_size=5")]
    [InlineData("The command explain has no option '--batch'. Did you mean '--batch-size'?", "explain", "shapes", "--batch", "4")]
    [InlineData("The command train has no option '--batch'. Did you mean '--batch-size'?", "train", "--batch", "4")]
    [InlineData(
        "'--ema'. Did you mean '--ema-decay', '--ema-power', '--ema-update-every' or '--ema-start-after'?", "train", "--ema", "0.9")]
    [InlineData("'--step'. Did you mean '--steps'?", "sample", "--checkpoint", "x", "--step", "4")]
    [InlineData("'--output'. Did you mean '--out'?", "export", "--checkpoint", "x", "--output", "y")]
    [InlineData("'--output'. Did you mean '--out'?", "export", "--checkpoint", "x", "--output=y")]
    [InlineData("'--check'. Did you mean '--checkpoint'?", "sample", "--check", "x")]
    [InlineData("'--output-folder'. Did you mean '--out'?", "import", "x", "--output-folder", "y")]
    [InlineData("'--sample'. Did you mean '--samples'?", "evaluate", "--sample", "s", "--data", "d", "--features", "f")]
    [InlineData("'--guidance-resale'. Did you mean '--guidance-rescale'?", "sample", "--checkpoint", "x", "--guidance-resale", "0.7")]
    [InlineData("'--s'.\n", "train", "--s", "1")]
    [InlineData("There is no command 'eval'. Did you mean 'evaluate'?", "eval")]
    [InlineData("The command sample has no option '--learning-rate'.\n", "sample", "--checkpoint", "x", "--learning-rate", "1")]
    [InlineData("The program has no option '--vesion'. Did you mean '--version'?", "--vesion")]
    [InlineData("The command explain has no option '--batchsize'. Did you mean '--batch-size'?", "explain", "--batchsize", "3")]
    [InlineData("The command report has no option '--outt'. It has none.\n", "report", "--outt")]
    [InlineData("The command report has no option '--ot'. It has none.\n", "report", "r1", "--ot", "x")]
    [InlineData(
        "--steps has no value: '--count' follows, an option as it seems.\n", "sample", "--checkpoint", "x", "--steps", "--count", "4")]
    [InlineData(
        "--out has no value: '--data' follows, an option as it seems. A path of that name is ./--data.", "train", "--out", "--data",
        "photos")]
    [InlineData("The command report doesn't know what to do with 'two'.", "report", "one", "two")]
    [InlineData(
        "--sampler must be ddpm, ddim, euler, dpm++ or heun, not 'DDIM'. Did you mean 'ddim'?", "sample", "--checkpoint", "x", "--sampler",
        "DDIM")]
    [InlineData(
        "--spacing must be even, leading, linspace, trailing, log-snr or karras, not 'traling'. Did you mean 'trailing'?", "sample",
        "--checkpoint", "x", "--spacing", "traling")]
    [InlineData("--rederive-noise must be true or false, not 'no'.\n", "sample", "--checkpoint", "x", "--rederive-noise", "no")]
    [InlineData(
        "--format must be diffusers, safetensors, onnx or web, not 'difusers'. Did you mean 'diffusers'?", "export", "--checkpoint", "x",
        "--out", "y", "--format", "difusers")]
    [InlineData(
        "--with-sampler must be ddim, euler, dpm++ or heun, not 'ddpm'. Did you mean 'ddim'?", "export", "--checkpoint", "x", "--out", "y",
        "--format", "onnx", "--with-sampler", "ddpm")]
    [InlineData(
        "not 'byte'. Did you mean 'bytes'?", "evaluate", "--samples", "s", "--data", "d", "--features", "f", "--feature-input", "byte")]
    [InlineData(
        "--precision must be float32, bfloat16 or float16, not 'bflot16'. Did you mean 'bfloat16'?", "train", "--precision", "bflot16")]
    [InlineData("--precision must be float32, bfloat16 or float16, not 'bf16'. Did you mean 'bfloat16'?", "train", "--precision", "bf16")]
    [InlineData("--decay must be constant or cosine, not 'none'.\n", "train", "--decay", "none")]
    [InlineData(
        "--sampler must be ddpm, ddim, euler, dpm++ or heun, not 'dimm'. Did you mean 'ddim'?",
        "sample", "--checkpoint", "x", "--sampler", "dimm")]
    [InlineData("--optimizer must be adam or adamw, not 'sgd'.\n", "train", "--optimizer", "sgd")]
    [InlineData(
        "--steps must be a whole number from 1 to 2147483647, or none, not 'nnoe'. Did you mean 'none'?", "train", "--steps", "nnoe")]
    [InlineData("not 'withe'. Did you mean 'white'?", "train", "--background", "withe")]
    [InlineData(
        "not 'withe'. Did you mean 'white'?",
        "evaluate", "--samples", "s", "--data", "d", "--features", "f", "--background", "withe")]
    [InlineData("--flips must be true or false, not 'ture'. Did you mean 'true'?", "train", "--flips", "ture")]
    public void What_is_misspelt_is_told_with_the_nearest_there_is(string message, params string[] arguments)
    {
        var error = program.Fail(2, arguments);
        Assert.StartsWith("error: ", error);
        Assert.Contains(message, error);
        Assert.Equal(2, error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public void An_option_that_is_missing_is_told_unless_a_misspelt_one_is_it()
    {
        Assert.Equal(
            "error: The command export has no option '--output'. Did you mean '--out'?\n"
                + "error: Option '--checkpoint' is required.\nTry --help.\n",
            program.Fail(2, "export", "--output", "x"));
        Assert.DoesNotContain("required", program.Fail(2, "sample", "--resume", "r1"));
        Assert.Contains("'--out' is required", program.Fail(2, "export", "--checkpoint", "r1", "--without", "x"));
    }

    [Theory]
    [InlineData("must be true or false, not 'r1'. To go on with a run: --resume RUN.", "train", "--checkpoint", "r1")]
    [InlineData("must be true or false, not 'r1'. To go on with a run: --resume RUN.", "--checkpoint=r1")]
    [InlineData("or a checkpoint: --init-from PATH.", "train", "--weights", "r1/checkpoints")]
    [InlineData("'--resume'. A run, a checkpoint or its weights: --checkpoint PATH.", "sample", "--resume", "r1")]
    [InlineData("'--init-from'. A run, a checkpoint or its weights: --checkpoint PATH.", "sample", "--init-from=r1")]
    [InlineData("'--spec'. The network is that of the weights: --checkpoint PATH.", "sample", "--checkpoint", "r1", "--spec", "mnist")]
    [InlineData("'--resume'. A run, a checkpoint or its weights: --checkpoint PATH.", "export", "--resume", "r1", "--out", "x")]
    [InlineData(
        "'--checkpoint'. It measures pictures: sample --checkpoint PATH --out FOLDER draws them, and --samples FOLDER names them.",
        "evaluate", "--checkpoint", "r1", "--data", "shapes", "--features", "f.pt")]
    [InlineData("'--run'. What it takes stands without an option: report RUN.\n", "report", "--run", "r1")]
    [InlineData("'--checkpoint'. What it takes stands without an option: explain SPEC.\n", "explain", "--checkpoint", "r1")]
    [InlineData("'--spec'. What it takes stands without an option: check PATH.\n", "check", "--spec", "x.unet.yaml")]
    public void An_option_that_other_commands_have_is_told_with_what_this_one_has_in_its_place(string message, params string[] arguments) =>
        Assert.Contains(message, program.Fail(2, arguments));

    [Theory]
    [InlineData("Did you mean 'shapes'?", "train", "--spec", "shapse")]
    [InlineData("Did you mean 'MnistUNet'?", "inspect", "MnistNet")]
    [InlineData("Did you mean 'cuda'?", "train", "--device", "gpu")]
    [InlineData("Did you mean 'cpu'?", "train", "--device", "CPU")]
    [InlineData("Did you mean 'shapes'?", "train", "--data", "shaeps")]
    public void A_name_that_isn_t_there_is_told_with_the_nearest_there_is(string message, params string[] arguments) =>
        Assert.Contains(message, program.Fail(1, arguments));

    [Fact]
    public void A_path_may_begin_with_an_at_sign() =>
        Assert.Contains("There is no checkpoint @nowhere", program.Fail(1, "sample", "--checkpoint", "@nowhere"));
}
