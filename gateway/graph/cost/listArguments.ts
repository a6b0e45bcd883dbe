import {
  type ASTNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  parse,
  print,
  type TypeNode,
  visit,
} from 'graphql';

// A batch is as long as its argument: `@listSize(slicingArguments: ["codes"])` on `entities(codes: [String!]!)`.
// Composition (@theguild/federation-composition 0.27) accepts only integers as slicing arguments and refuses such a
// list. So these arguments are removed before composition and set again in the supergraph.

/** Coordinates of fields, each with the names of the list arguments that decide its length. */
export type ListArguments = ReadonlyMap<string, readonly string[]>;

const isListSize = ({ name }: ConstDirectiveNode): boolean => name.value === 'listSize';

const textsIn = (value: ConstValueNode | undefined): string[] =>
  value?.kind === Kind.LIST ? value.values.flatMap((one) => (one.kind === Kind.STRING ? [one.value] : [])) : [];

const slicingArguments = (directive: ConstDirectiveNode): string[] =>
  textsIn(directive.arguments?.find(({ name }) => name.value === 'slicingArguments')?.value);

/** `directive` with these slicing arguments, and without the argument where the list is empty. */
function sliced(directive: ConstDirectiveNode, names: readonly string[]): ConstDirectiveNode {
  const others = directive.arguments?.filter(({ name }) => name.value !== 'slicingArguments') ?? [];
  if (names.length === 0) return { ...directive, arguments: others };
  const values = names.map((value) => ({ kind: Kind.STRING as const, value }));
  return {
    ...directive,
    arguments: [
      ...others,
      { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'slicingArguments' }, value: { kind: Kind.LIST, values } },
    ],
  };
}

/** A subgraph's SDL as composition accepts it, and the arguments that were removed. */
export function liftListArguments(typeDefs: DocumentNode): {
  readonly typeDefs: DocumentNode;
  readonly lifted: ListArguments;
} {
  const lifted = new Map<string, readonly string[]>();
  const remaining = visit(typeDefs, {
    FieldDefinition: (field, _key, _parent, _path, ancestors) => {
      const lists = new Set(field.arguments?.flatMap(({ name, type: of }) => (isList(of) ? [name.value] : [])));
      const own = field.directives?.find(isListSize);
      const names = own ? slicingArguments(own).filter((name) => lists.has(name)) : [];
      if (!own || names.length === 0) return undefined;
      lifted.set(coordinateOf(field, ancestors.at(-1)), names);
      const rest = sliced(
        own,
        slicingArguments(own).filter((name) => !lists.has(name)),
      );
      return {
        ...field,
        directives: field.directives?.flatMap((each) => (each !== own ? [each] : rest.arguments?.length ? [rest] : [])),
      };
    },
  });
  return { typeDefs: remaining, lifted };
}

const isList = (type: TypeNode): boolean =>
  (type.kind === Kind.NON_NULL_TYPE ? type.type : type).kind === Kind.LIST_TYPE;

/** The text of the supergraph with the removed arguments of its subgraphs; the rest stays as it was printed. */
export function setListArguments(supergraph: string, lifted: ListArguments): string {
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  visit(parse(supergraph), {
    FieldDefinition: (field, _key, _parent, _path, ancestors) => {
      const names = lifted.get(coordinateOf(field, ancestors.at(-1)));
      if (!names || !field.loc) return;
      const own = field.directives?.find(isListSize);
      const text = print(sliced(own ?? LIST_SIZE, [...new Set([...(own ? slicingArguments(own) : []), ...names])]));
      edits.push(
        own?.loc
          ? { from: own.loc.start, to: own.loc.end, text }
          : { from: field.loc.end, to: field.loc.end, text: ` ${text}` },
      );
    },
  });
  return edits
    .toReversed()
    .reduce((sdl, { from, to, text }) => `${sdl.slice(0, from)}${text}${sdl.slice(to)}`, supergraph);
}

const LIST_SIZE: ConstDirectiveNode = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'listSize' } };

const coordinateOf = (field: FieldDefinitionNode, type: ASTNode | readonly ASTNode[] | undefined): string =>
  `${type && 'name' in type && type.name?.kind === Kind.NAME ? type.name.value : ''}.${field.name.value}`;
