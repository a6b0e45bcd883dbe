import { type DocumentNode, GraphQLError, Kind, Lexer, parse, type SelectionSetNode, Source, TokenKind } from 'graphql';
import { clientError } from '#kit/errors.ts';

/**
 * What an operation may cost before anything is planned: 1 000 aliases in 44 KB stalled the stock gateway for 10 s
 * (reference/gateway-features.md §3). Cheap checks come first; the verdict on a text is remembered.
 */
export interface Limits {
  readonly bytes: number;
  readonly tokens: number;
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Fields once every fragment is written out. */
  readonly fields: number;
}

export const standardLimits: Limits = { bytes: 64 * 1024, tokens: 2000, depth: 12, aliases: 30, rootFields: 10, directives: 20, fields: 5000 };

/** For auditing federation behaviour on other supergraphs, and for the benchmarks' "guards off". */
export const raisedLimits: Limits = { bytes: 1024 * 1024, tokens: 100_000, depth: 100, aliases: 10_000, rootFields: 1000, directives: 1000, fields: 1_000_000 };

const exceeded = (what: string, most: number): GraphQLError => clientError('COST_LIMIT', `The operation has more than ${most} ${what}.`, { expected: `at most ${most} ${what}` });

const REMEMBERED = 5000;

/** Checks a query text; throws COST_LIMIT that names the limit. A text that does not parse is left to the parser's own error. */
export function createLimitCheck(limits: Limits): (query: string) => void {
  const verdicts = new Map<string, GraphQLError | null>();
  return (query) => {
    // Not remembered: texts of megabytes would fill the memory.
    if (query.length > limits.bytes) throw exceeded('bytes', limits.bytes);
    let verdict = verdicts.get(query);
    if (verdict === undefined) {
      verdict = judge(query, limits);
      if (verdicts.size >= REMEMBERED) verdicts.delete(verdicts.keys().next().value as string); // full, so it has a first key
      verdicts.set(query, verdict);
    }
    if (verdict) throw verdict;
  };
}

function judge(query: string, limits: Limits): GraphQLError | null {
  let document: DocumentNode;
  try {
    const lexer = new Lexer(new Source(query));
    let tokens = 0;
    while (lexer.advance().kind !== TokenKind.EOF) if (++tokens > limits.tokens) return exceeded('tokens', limits.tokens);
    document = parse(query, { noLocation: true });
  } catch {
    return null;
  }
  return judgeDocument(document, limits);
}

interface Weight {
  readonly fields: number;
  readonly depth: number;
}

function judgeDocument(document: DocumentNode, limits: Limits): GraphQLError | null {
  const fragments = new Map(document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [])));
  const weighed = new Map<string, Weight>();
  let aliases = 0;
  let directives = 0;
  let reserved: string | undefined;

  // A fragment is weighed once and its weight multiplied by its uses: written out, nested doubling would never end.
  const weigh = (selections: SelectionSetNode, open: ReadonlySet<string>): Weight => {
    let fields = 0;
    let depth = 0;
    for (const selection of selections.selections) {
      directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value;
        if (key !== undefined) {
          aliases += 1;
          if (key.startsWith('__')) reserved = key;
        }
        const inner = selection.selectionSet ? weigh(selection.selectionSet, open) : { fields: 0, depth: 0 };
        fields += 1 + inner.fields;
        depth = Math.max(depth, 1 + inner.depth);
      } else {
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? weigh(selection.selectionSet, open) : weighFragment(selection.name.value, open);
        fields += inner.fields;
        depth = Math.max(depth, inner.depth);
      }
    }
    return { fields, depth };
  };
  const weighFragment = (name: string, open: ReadonlySet<string>): Weight => {
    const known = weighed.get(name);
    if (known) return known;
    const selections = fragments.get(name);
    // Unknown and circular fragments are the validator's to name.
    if (!selections || open.has(name)) return { fields: 0, depth: 0 };
    const weight = weigh(selections, new Set([...open, name]));
    weighed.set(name, weight);
    return weight;
  };

  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    directives += definition.directives?.length ?? 0;
    const weight = weigh(definition.selectionSet, new Set());
    if (weight.fields > limits.fields) return exceeded('fields', limits.fields);
    if (weight.depth > limits.depth && !isIntrospection(definition.selectionSet)) return exceeded('levels', limits.depth);
    if (rootFields(definition.selectionSet, fragments) > limits.rootFields) return exceeded('root fields', limits.rootFields);
  }
  if (aliases > limits.aliases) return exceeded('aliases', limits.aliases);
  if (directives > limits.directives) return exceeded('directives', limits.directives);
  if (reserved !== undefined) return clientError('BAD_USER_INPUT', `The alias "${reserved}" begins with two underscores, which are reserved.`, { reason: 'ALIAS' });
  return null;
}

/** The standard introspection query is 13 levels deep; Apollo Server has its own limit for introspection. */
const isIntrospection = (selections: SelectionSetNode): boolean => selections.selections.every((selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'));

function rootFields(selections: SelectionSetNode, fragments: ReadonlyMap<string, SelectionSetNode>, open: ReadonlySet<string> = new Set()): number {
  let count = 0;
  for (const selection of selections.selections) {
    if (selection.kind === Kind.FIELD) count += 1;
    else if (selection.kind === Kind.INLINE_FRAGMENT) count += rootFields(selection.selectionSet, fragments, open);
    else {
      const inner = fragments.get(selection.name.value);
      if (inner && !open.has(selection.name.value)) count += rootFields(inner, fragments, new Set([...open, selection.name.value]));
    }
  }
  return count;
}
