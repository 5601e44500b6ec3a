using UNetGen.Arithmetic;

// Every check at every width that this processor has; the exit code counts the failures.
var failures = 0;
foreach (var (name, check) in Check.OfAllWidths)
{
    try
    {
        check();
        Console.WriteLine($"ok      {name}");
    }
    catch (ArithmeticException wrong)
    {
        failures++;
        Console.WriteLine($"FAILED  {name}: {wrong.Message}");
    }
}
return failures;
