// What the compiler asks for by name and netstandard2.0 lacks. By hand: PolySharp writes its types in another order at every compilation,
// so the same sources would give another assembly each time.
namespace System.Runtime.CompilerServices
{
    /// <summary>For init accessors, and so for records.</summary>
    internal static class IsExternalInit;

    /// <summary>For required members.</summary>
    internal sealed class RequiredMemberAttribute : Attribute;

    /// <summary>For required members.</summary>
    internal sealed class CompilerFeatureRequiredAttribute(string featureName) : Attribute
    {
        public string FeatureName => featureName;
    }
}

namespace System.Diagnostics.CodeAnalysis
{
    /// <summary>For records with required members.</summary>
    internal sealed class SetsRequiredMembersAttribute : Attribute;
}
