using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace UNetGen.Distributed;

/// <summary>Something that is to be the same on all ranks: a number, or 64 bits of a hash.</summary>
internal readonly record struct RankFact
{
    private RankFact(string what, long value, bool isNumber) => (What, Value, IsNumber) = (what, value, isNumber);

    /// <summary>What it is, as a clause's subject.</summary>
    public string What { get; }

    /// <summary>The number, or the beginning of the hash.</summary>
    public long Value { get; }

    /// <summary>Whether a message shows the value.</summary>
    public bool IsNumber { get; }

    public static RankFact Number(string what, long value) => new(what, value, isNumber: true);

    /// <param name="what">As a clause's subject.</param>
    /// <param name="text">Null where there is none, which is another than an empty one.</param>
    public static RankFact Text(string what, string? text) =>
        text is null ? new(what, 0, isNumber: false) : Hash(what, SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <param name="what">As a clause's subject.</param>
    /// <param name="hash">Of it, 8 bytes or more.</param>
    public static RankFact Hash(string what, byte[] hash) =>
        new(what, BinaryPrimitives.ReadInt64LittleEndian(hash), isNumber: false);
}
