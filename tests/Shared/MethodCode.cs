using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;

namespace UNetGen.Tests;

/// <summary>What a compiled method's instructions name.</summary>
internal static class MethodCode
{
    private static readonly ImmutableDictionary<int, OpCode> OpCodes = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToImmutableDictionary(code => (int)(ushort)code.Value);

    /// <summary>The instructions that name a field, a method or a type, with its metadata token.</summary>
    /// <param name="code">A method's body.</param>
    public static IEnumerable<(OpCode Code, int Token)> Names(byte[] code)
    {
        for (var at = 0; at < code.Length;)
        {
            int value = code[at++];
            if (value == 0xFE)
                value = value << 8 | code[at++];
            var instruction = OpCodes[value];
            if (instruction.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok
                or OperandType.InlineType)
                yield return (instruction, BitConverter.ToInt32(code, at));
            at += instruction.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }
}
