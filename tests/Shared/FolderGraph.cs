using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace UNetGen.Tests;

/// <summary>
/// Which of an assembly's namespaces use which: folders, since namespaces follow them. It is read from the compiled code, signatures and
/// method bodies alike, so no use can hide behind <c>var</c> or a lambda. Only constants leave no trace: the compiler writes down their
/// values.
/// </summary>
internal sealed class FolderGraph
{
    /// <summary>For each pair of namespaces the uses, as "Type -> Type".</summary>
    private readonly SortedDictionary<(string From, string To), SortedSet<string>> uses = [];

    /// <param name="assembly">The compiled assembly.</param>
    /// <param name="root">Namespaces other than this one and those in it don't count.</param>
    public FolderGraph(Stream assembly, string root)
    {
        using var file = new PEReader(assembly);
        var reader = file.GetMetadataReader();
        foreach (var handle in reader.TypeDefinitions)
        {
            var user = Outermost(reader, handle);
            foreach (var used in new TypeUses(file, reader).Of(handle))
                Add(reader, user, Outermost(reader, used), root);
        }
    }

    public static FolderGraph Of(Assembly assembly, string root)
    {
        using var stream = File.OpenRead(assembly.Location);
        return new FolderGraph(stream, root);
    }

    /// <summary>Whether types of one namespace use types of the other.</summary>
    public bool Uses(string from, string to) => uses.ContainsKey((from, to));

    /// <summary>Groups of namespaces that all lead to one another, each with the types that tie it.</summary>
    public IReadOnlyList<string> Circles()
    {
        var circles = new List<string>();
        var left = uses.Keys.Select(use => use.From).Distinct().ToList();
        while (left.Count > 0)
        {
            var circle = left.Where(other => other == left[0] || (Leads(left[0], other) && Leads(other, left[0]))).ToHashSet();
            if (circle.Count > 1)
            {
                circles.Add($"a circle of {string.Join(", ", circle)}:" + string.Concat(uses
                    .Where(use => circle.Contains(use.Key.From) && circle.Contains(use.Key.To))
                    .Select(use => $"\n  {use.Key.From} -> {use.Key.To}: {string.Join(", ", use.Value)}")));
            }

            left.RemoveAll(circle.Contains);
        }

        return circles;
    }

    private bool Leads(string from, string to)
    {
        var (reached, next) = (new HashSet<string> { from }, new Stack<string>([from]));
        while (next.TryPop(out var at))
        {
            foreach (var use in uses.Keys.Where(use => use.From == at))
            {
                if (use.To == to)
                    return true;
                if (reached.Add(use.To))
                    next.Push(use.To);
            }
        }

        return false;
    }

    private void Add(MetadataReader reader, TypeDefinition user, TypeDefinition used, string root)
    {
        var (from, to) = (reader.GetString(user.Namespace), reader.GetString(used.Namespace));
        if (from == to || !IsInside(from, root) || !IsInside(to, root))
            return;
        if (!uses.TryGetValue((from, to), out var types))
            uses.Add((from, to), types = []);
        types.Add($"{reader.GetString(user.Name)} -> {reader.GetString(used.Name)}");
    }

    private static bool IsInside(string name, string root) => name == root || name.StartsWith(root + ".", StringComparison.Ordinal);

    private static TypeDefinition Outermost(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? Outermost(reader, outer) : type;
    }

    /// <summary>The types of an assembly that one of them names.</summary>
    private sealed class TypeUses(PEReader file, MetadataReader reader) : ISignatureTypeProvider<bool, object?>
    {
        private readonly HashSet<TypeDefinitionHandle> used = [];

        public IReadOnlySet<TypeDefinitionHandle> Of(TypeDefinitionHandle handle)
        {
            var type = reader.GetTypeDefinition(handle);
            Add(type.BaseType);
            foreach (var implemented in type.GetInterfaceImplementations())
                Add(reader.GetInterfaceImplementation(implemented).Interface);
            foreach (var field in type.GetFields())
                reader.GetFieldDefinition(field).DecodeSignature(this, null);
            Constraints(type.GetGenericParameters());
            Attributes(type.GetCustomAttributes());
            foreach (var method in type.GetMethods())
                Method(reader.GetMethodDefinition(method));
            return used;
        }

        private void Method(MethodDefinition method)
        {
            method.DecodeSignature(this, null);
            Constraints(method.GetGenericParameters());
            Attributes(method.GetCustomAttributes());
            if (method.RelativeVirtualAddress == 0)
                return;
            var body = file.GetMethodBody(method.RelativeVirtualAddress);
            if (!body.LocalSignature.IsNil)
                reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(this, null);
            foreach (var region in body.ExceptionRegions)
                Add(region.CatchType);
            foreach (var (_, token) in MethodCode.Names(body.GetILBytes()!))
                Add(MetadataTokens.EntityHandle(token));
        }

        private void Constraints(GenericParameterHandleCollection parameters)
        {
            foreach (var constraint in parameters.SelectMany(parameter => reader.GetGenericParameter(parameter).GetConstraints()))
                Add(reader.GetGenericParameterConstraint(constraint).Type);
        }

        private void Attributes(CustomAttributeHandleCollection attributes)
        {
            foreach (var attribute in attributes)
                Add(reader.GetCustomAttribute(attribute).Constructor);
        }

        private void Add(EntityHandle handle)
        {
            if (handle.IsNil)
                return;
            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    used.Add((TypeDefinitionHandle)handle);
                    break;
                case HandleKind.TypeSpecification:
                    reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.MethodDefinition:
                    used.Add(reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.FieldDefinition:
                    used.Add(reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.MemberReference:
                    Add(reader.GetMemberReference((MemberReferenceHandle)handle).Parent);
                    break;
                case HandleKind.MethodSpecification:
                    var method = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Add(method.Method);
                    method.DecodeSignature(this, null);
                    break;
            }
        }

        // Of a signature only the types of this assembly count: no other part of it is kept.
        public bool GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => used.Add(handle);

        public bool GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => false;

        public bool GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, context);

        public bool GetArrayType(bool elementType, ArrayShape shape) => false;

        public bool GetSZArrayType(bool elementType) => false;

        public bool GetByReferenceType(bool elementType) => false;

        public bool GetPointerType(bool elementType) => false;

        public bool GetPinnedType(bool elementType) => false;

        public bool GetModifiedType(bool modifier, bool unmodifiedType, bool isRequired) => false;

        public bool GetFunctionPointerType(MethodSignature<bool> signature) => false;

        public bool GetGenericInstantiation(bool genericType, ImmutableArray<bool> typeArguments) => false;

        public bool GetGenericMethodParameter(object? context, int index) => false;

        public bool GetGenericTypeParameter(object? context, int index) => false;

        public bool GetPrimitiveType(PrimitiveTypeCode typeCode) => false;
    }
}
