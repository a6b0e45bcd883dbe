import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  type FragmentSpreadNode,
  GraphQLError,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
  Source,
  TokenKind,
  visit,
} from 'graphql';
import { clientError } from '#kit/errors.ts';
import { badText, isText } from '#kit/text.ts';

/**
 * What an operation may contain before it is planned: 1 000 aliases in 44 KB stalled the stock gateway for 10 s
 * (reference/gateway-features.md §3). Each check is one pass over the text or over its tree, the cheapest first.
 */
export interface Limits {
  readonly bytes: number;
  readonly tokens: number;
  /** Nested brackets of any kind, so that neither the parser nor a rule recurses deeper. */
  readonly nesting: number;
  /** Operations and fragments: a chain of fragments is a recursion too, and rules compare fragments in pairs. */
  readonly definitions: number;
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Fields and fragments after every fragment is written out. */
  readonly fields: number;
  /** Pairs of fields with one name at one place; the rule that they can be merged compares each pair. */
  readonly pairs: number;
}

/** The limits of an operation before it is planned, besides its cost, which is configured (docs/COST.md). */
export const planningLimits = {
  /**
   * The approximate number of fetches in a plan. The planner takes 0.1 to 0.2 s for a plan of 300; the queries of the
   * explorer and the documentation need 6 at most.
   */
  fetches: 300,
  /** Selections after every fragment is written out for each type: 0.1 s. */
  selections: 100_000,
};

export const standardLimits: Limits = {
  bytes: 64 * 1024,
  tokens: 2000,
  nesting: 64,
  definitions: 100,
  depth: 12,
  aliases: 30,
  rootFields: 10,
  directives: 20,
  fields: 5000,
  pairs: 5000,
};

/** For auditing federation behaviour on other supergraphs, and for the benchmarks' "guards off". */
export const raisedLimits: Limits = {
  bytes: 1024 * 1024,
  tokens: 100_000,
  nesting: 500,
  definitions: 1000,
  depth: 100,
  aliases: 10_000,
  rootFields: 1000,
  directives: 1000,
  fields: 1_000_000,
  pairs: 1_000_000,
};

const exceeded = (what: string, limit: number): GraphQLError =>
  clientError('COST_LIMIT', `The operation has more than ${limit} ${what}.`, { expected: `at most ${limit} ${what}` });

/**
 * Parses a query text within the limits.
 *
 * @returns the document, or why it is refused: COST_LIMIT that names the limit, GRAPHQL_PARSE_FAILED, or BAD_USER_INPUT
 * for a literal that no record can hold and for an alias that is reserved
 */
export function parseWithin(limits: Limits, text: string): DocumentNode | GraphQLError {
  if (text.length > limits.bytes || Buffer.byteLength(text) > limits.bytes) return exceeded('bytes', limits.bytes);
  try {
    const tokens = tokenProblem(text, limits);
    if (tokens instanceof GraphQLError) return tokens;
    const document = parse(text);
    return (tokens.hasBadText ? badLiteral(document) : null) ?? documentProblem(document, limits) ?? document;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { message, source, positions, extensions } = error;
    return new GraphQLError(message, {
      source,
      positions,
      extensions: { ...extensions, code: 'GRAPHQL_PARSE_FAILED' },
    });
  }
}

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/** Counts before the parser recurses. @throws GraphQLError where the lexer does */
function tokenProblem(text: string, limits: Limits): GraphQLError | { readonly hasBadText: boolean } {
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  let open = 0;
  let hasBadText = false;
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    tokens += 1;
    if (tokens > limits.tokens) return exceeded('tokens', limits.tokens);
    if (opening.has(token.kind)) open += 1;
    else if (closing.has(token.kind)) open -= 1;
    else if (token.kind === TokenKind.STRING || token.kind === TokenKind.BLOCK_STRING)
      hasBadText ||= !isText(token.value);
    if (open > limits.nesting) return exceeded('brackets within one another', limits.nesting);
  }
  return { hasBadText };
}

/** The first literal that no record can hold, named by its argument or variable. */
function badLiteral(document: DocumentNode): GraphQLError | null {
  let found: GraphQLError | null = null;
  visit(document, {
    enter(node, _key, parent, _path, ancestors) {
      if (node.kind !== Kind.STRING || isText(node.value)) return undefined;
      const nodes = [...ancestors, parent].filter((each): each is ASTNode => each !== undefined && 'kind' in each);
      found = badText(nodes.flatMap(nameOfInput).join('.'));
      return BREAK;
    },
  });
  return found;
}

function nameOfInput(node: ASTNode): string[] {
  if (node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) return [node.name.value];
  return node.kind === Kind.VARIABLE_DEFINITION ? [`$${node.variable.name.value}`] : [];
}

/** The size of a document after every fragment is written out, found by one visit to each selection. */
export interface Measures {
  readonly operations: readonly Weight[];
  /** Operations, and fragments that nothing spreads: every selection is written out below one of these. */
  readonly roots: readonly SelectionSetNode[];
  /** Fields and spreads below all roots. */
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
  /** An alias that begins with two underscores. */
  readonly reserved: string | null;
  /** A spread of a fragment within itself. */
  readonly circular: FragmentSpreadNode | null;
  /** Selections that were visited. */
  readonly visits: number;
}

interface Weight {
  readonly fields: number;
  readonly depth: number;
  readonly rootFields: number;
}

const NOTHING: Weight = { fields: 0, depth: 0, rootFields: 0 };

/** A fragment is measured once and its size added at each use: writing out nested doubling would never end. */
export function measure(document: DocumentNode): Measures {
  const fragments = fragmentsIn(document);
  const weights = new Map<string, Weight | 'BEGUN'>();
  const spread = new Set<string>();
  let aliases = 0;
  let directives = 0;
  let reserved: string | null = null;
  let circular: FragmentSpreadNode | null = null;
  let visits = 0;

  const weigh = ({ selections }: SelectionSetNode): Weight => {
    let fields = selections.length;
    let depth = 0;
    let rootFields = 0;
    for (const selection of selections) {
      visits += 1;
      directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value;
        if (key !== undefined) aliases += 1;
        if (key?.startsWith('__')) reserved = key;
        const inner = selection.selectionSet ? weigh(selection.selectionSet) : NOTHING;
        fields += inner.fields;
        depth = Math.max(depth, 1 + inner.depth);
        rootFields += 1;
      } else {
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? weigh(selection.selectionSet) : weighSpread(selection);
        fields += inner.fields;
        depth = Math.max(depth, inner.depth);
        rootFields += inner.rootFields;
      }
    }
    return { fields, depth, rootFields };
  };
  const weighSpread = (node: FragmentSpreadNode): Weight => {
    const name = node.name.value;
    spread.add(name);
    if (weights.get(name) === 'BEGUN') circular = node;
    return weighFragment(name);
  };
  const weighFragment = (name: string): Weight => {
    const known = weights.get(name);
    if (known) return known === 'BEGUN' ? NOTHING : known;
    weights.set(name, 'BEGUN');
    const selections = fragments.get(name);
    const weight = selections ? weigh(selections) : NOTHING; // the validator names a fragment that does not exist
    weights.set(name, weight);
    return weight;
  };

  const queries = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const operations = queries.map((operation) => {
    directives += operation.directives?.length ?? 0;
    const weight = weigh(operation.selectionSet);
    return isIntrospection(operation) ? { ...weight, depth: 0 } : weight;
  });
  for (const name of fragments.keys()) weighFragment(name);
  const loose = [...fragments].filter(([name]) => !spread.has(name));
  const fields = [...operations, ...loose.map(([name]) => weighFragment(name))].reduce(
    (sum, weight) => sum + weight.fields,
    0,
  );
  const roots = [...queries.map(({ selectionSet }) => selectionSet), ...loose.map(([, selections]) => selections)];
  return { operations, roots, fields, aliases, directives, reserved, circular, visits };
}

const fragmentsIn = (document: DocumentNode): ReadonlyMap<string, SelectionSetNode> =>
  new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [],
    ),
  );

/**
 * The standard introspection query is 13 levels deep; validation has a rule of its own for the depth of introspection.
 */
const isIntrospection = ({ selectionSet }: OperationDefinitionNode): boolean =>
  selectionSet.selections.every((selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'));

function documentProblem(document: DocumentNode, limits: Limits): GraphQLError | null {
  if (document.definitions.length > limits.definitions) return exceeded('operations and fragments', limits.definitions);
  const { operations, roots, fields, aliases, directives, reserved, circular } = measure(document);
  // The validator would report the same; but circular fragments cannot be written out below.
  if (circular) return invalid(`Cannot spread fragment "${circular.name.value}" within itself.`, circular);
  const conditional = conditionalRoot(document);
  if (conditional) return invalid(CONDITIONAL_ROOT, conditional);
  const largest = (of: (operation: Weight) => number): number => Math.max(0, ...operations.map(of));
  if (fields > limits.fields) return exceeded('fields', limits.fields);
  if (largest(({ depth }) => depth) > limits.depth) return exceeded('levels', limits.depth);
  if (largest(({ rootFields }) => rootFields) > limits.rootFields) return exceeded('root fields', limits.rootFields);
  if (aliases > limits.aliases) return exceeded('aliases', limits.aliases);
  if (directives > limits.directives) return exceeded('directives', limits.directives);
  if (reserved !== null) return reservedAlias(reserved);
  const tooMany = pairsExceed(roots, fragmentsIn(document), limits.pairs);
  return tooMany ? exceeded('pairs of fields with one name at one place', limits.pairs) : null;
}

const invalid = (message: string, node: ASTNode): GraphQLError =>
  new GraphQLError(message, { nodes: [node], extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });

const CONDITIONAL_ROOT = 'The root field of a subscription cannot stand under @skip or @include.';
/**
 * A selection with a condition at the root of a subscription. A subscription follows one field, whatever its variables
 * are (GraphQL, September 2025, §5.2.4.1); where the field may be left out, graphql-js 16 throws instead of validating,
 * or finds nothing to follow.
 */
function conditionalRoot(document: DocumentNode): SelectionNode | null {
  const fragments = fragmentsIn(document);
  const seen = new Set<string>();
  const find = ({ selections }: SelectionSetNode): SelectionNode | null => {
    for (const selection of selections) {
      if (selection.directives?.some(({ name }) => name.value === 'skip' || name.value === 'include')) return selection;
      if (selection.kind === Kind.FIELD) continue;
      const isInline = selection.kind === Kind.INLINE_FRAGMENT;
      const found = isInline ? find(selection.selectionSet) : findSpread(selection.name.value);
      if (found) return found;
    }
    return null;
  };
  const findSpread = (fragment: string): SelectionNode | null => {
    const selections = seen.has(fragment) ? undefined : fragments.get(fragment);
    seen.add(fragment);
    return selections ? find(selections) : null;
  };
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION || node.operation !== 'subscription') continue;
    const found = find(node.selectionSet);
    if (found) return found;
  }
  return null;
}

const reservedAlias = (alias: string): GraphQLError =>
  clientError('BAD_USER_INPUT', `The alias "${alias}" begins with two underscores, which are reserved.`, {
    reason: 'ALIAS',
  });

/** One place of the response, and how many fields of the document merge into it. */
interface FieldPosition {
  count: number;
  readonly below: Map<string, FieldPosition>;
}

/**
 * Walks the written-out selections, whose number `limits.fields` has bounded and which have no circle, until there are
 * too many pairs.
 */
function pairsExceed(
  roots: readonly SelectionSetNode[],
  fragments: ReadonlyMap<string, SelectionSetNode>,
  maxPairs: number,
): boolean {
  let pairs = 0;
  const walk = ({ selections }: SelectionSetNode, positions: Map<string, FieldPosition>): void => {
    for (const selection of selections) {
      if (pairs > maxPairs) return;
      if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet, positions);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = fragments.get(selection.name.value);
        if (fragment) walk(fragment, positions);
      } else {
        const key = selection.alias?.value ?? selection.name.value;
        let position = positions.get(key);
        if (!position) positions.set(key, (position = { count: 0, below: new Map() }));
        pairs += position.count;
        position.count += 1;
        if (selection.selectionSet) walk(selection.selectionSet, position.below);
      }
    }
  };
  for (const root of roots) walk(root, new Map());
  return pairs > maxPairs;
}
