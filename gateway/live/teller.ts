import { type DocumentNode, type GraphQLError, Kind, type OperationDefinitionNode, visit } from 'graphql';
import type { Viewer } from '#policy/viewer.ts';
import type { Graph } from '../graph.ts';
import type { DeskEvent } from './events.ts';
import type { EventQuery } from './selection.ts';

// Telling events in a subscriber's own selection. Equal events are told once for all who have the same selection and grant, and the bytes
// are shared but for the cursor.

/** Those who are told in the same words: selection and grant. */
export interface Audience {
  readonly query: EventQuery;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
}

/** An answer of GraphQL as JSON text, without its cursor: parts between which it stands. Null: nobody may see the record any more. */
export type Words = readonly string[] | null;

/** What stands for a cursor until it is known whose. Clients cannot bring it into an answer: no stored text has the character. */
export const CURSOR_MARK = '\u0000cursor\u0000';
const MARK_AS_JSON = JSON.stringify(CURSOR_MARK).slice(1, -1);

export const written = (words: readonly string[], cursor: string): string => words.join(cursor);

/** While only other subgraphs than the record's own are down, events wait so long for them (P10). */
const PATIENCE_MS = 5000;
const RETRY_MS = [50, 100, 250, 500, 1000];

export class Gone extends Error {}

/**
 * Tells events, in order. It waits while the source of the records themselves is down.
 * @param isOver asked before each attempt: nobody listens any more
 * @param patienceMs how long it waits for the other subgraphs
 * @throws Gone when it is over
 */
export async function tellIn(graph: Graph, audience: Audience, events: readonly DeskEvent[], isOver: () => boolean, pause: (ms: number) => Promise<void>, patienceMs = PATIENCE_MS): Promise<Words[]> {
  const { query, operationName, variables, viewer, mode } = audience;
  const begun = performance.now();
  for (let attempt = 0; ; attempt++) {
    if (isOver()) throw new Gone();
    const { data, errors = [], extensions } = await graph.run({ document: query.document, operation: query.operation, operationName, variables, viewer, mode, events });
    const page = data?.[query.key] as { events?: readonly unknown[] | null } | null | undefined;
    const told = page?.events;
    const lost = errors.filter(({ extensions: { code } }) => code === 'SUBGRAPH_UNAVAILABLE' || code === 'DEADLINE');
    const lostRecords = lost.some(({ path }) => path !== undefined && path.length <= 4 && (path.length < 4 || recordKeys(query).has(String(path[3]))));
    if (told && told.length === events.length && !lostRecords && (lost.length === 0 || performance.now() - begun > patienceMs)) {
      return told.map((event, index) => wordsOf(query, event, errorsOf(query, errors, index, event, events[index]), lost.length > 0 ? extensions : undefined));
    }
    // Refused whole, or not ours to wait for: told as it is, for every event.
    if (!told && lost.length === 0) return events.map(() => [JSON.stringify({ data: null, errors: errors.map((error) => shown(error, error.path)) })]);
    await pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] as number); // within the list
  }
}

function wordsOf({ key }: EventQuery, event: unknown, errors: readonly ReturnType<typeof shown>[], extensions: Record<string, unknown> | undefined): Words {
  if (errors.some(({ extensions: { code }, path }) => code === 'NOT_FOUND' && path?.length === 2)) return null;
  const text = JSON.stringify({ ...(errors.length > 0 ? { errors } : null), data: { [key]: event }, extensions: { cursor: CURSOR_MARK, ...extensions } });
  return text.split(MARK_AS_JSON);
}

const shown = ({ message, extensions }: GraphQLError, path: readonly (string | number)[] | undefined) => ({ message, ...(path ? { path } : null), extensions });

/** The errors of one event, with the paths that the subscriber knows; `@` is every event that has the field. */
function errorsOf(query: EventQuery, errors: readonly GraphQLError[], index: number, told: unknown, event: DeskEvent | undefined): ReturnType<typeof shown>[] {
  const isGone = event !== undefined && 'kind' in event && event.kind === 'REMOVED';
  const hasField = (name: string | number | undefined): boolean =>
    name === undefined || (typeof told === 'object' && told !== null && name in told && !(isGone && recordKeys(query).has(String(name))));
  return errors.flatMap((error) => {
    const [, , at, ...rest] = error.path ?? [];
    return at === undefined || at === index || (at === '@' && hasField(rest[0])) ? [shown(error, [query.key, ...rest])] : [];
  });
}

const keysOf = new WeakMap<DocumentNode, ReadonlySet<string>>();

/** Under which keys the selection asks for the record itself. */
function recordKeys({ document }: { readonly document: DocumentNode; readonly operation: OperationDefinitionNode }): ReadonlySet<string> {
  let keys = keysOf.get(document);
  if (!keys) {
    const found = new Set<string>();
    visit(document, {
      [Kind.FIELD]: ({ name, alias }) => {
        if (name.value === 'entry' || name.value === 'evaluation') found.add(alias?.value ?? name.value);
      },
    });
    keysOf.set(document, (keys = found));
  }
  return keys;
}
