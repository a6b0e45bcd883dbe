import { executeSync, type GraphQLError } from 'graphql';
import type { Viewer } from '#policy/viewer.ts';
import type { Graph } from '../graph.ts';
import type { DeskEvent } from '../live/events.ts';
import type { EventQuery } from '../live/selection.ts';
import { changeTypes, codeOf, type EventError, eventErrors, fragmentsIn, isDecided, isOfRecord, lacks, outcomesOf, type RecordKeys, recordKeysIn } from './content.ts';
import { createGate } from './gate.ts';

// Changes in a subscriber's own selection. Equal events are rendered once for all who have the same selection and grant, and the bytes
// are shared but for the cursor. What its own source cannot answer is not rendered: it waits, and what comes after it with it (P10).

/** Those who receive the same text: selection and grant. */
export interface Audience {
  readonly query: EventQuery;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  /** What an event costs, where it is to say so. */
  readonly cost?: unknown;
}

/** An answer of GraphQL as JSON text, without its cursor: parts between which it stands. Null: nobody may see the record any more. */
export type RenderedEvent = readonly string[] | null;

/** What stands for a cursor until it is known whose. Clients cannot bring it into an answer: no stored text has the character. */
export const CURSOR_MARK = '\u0000cursor\u0000';
const MARK_AS_JSON = JSON.stringify(CURSOR_MARK).slice(1, -1);

export const withCursor = (rendered: readonly string[], cursor: string): string => rendered.join(cursor);

/** While other subgraphs than the record's own are down, events wait so long for them (P10). */
const PATIENCE_MS = 5000;
const LONGEST_BACK_OFF_MS = 1000;

export interface RendererOptions {
  readonly graph: Graph;
  readonly audience: Audience;
  /** Waits, at most so long; less when all of it is over. */
  readonly pause: (ms: number) => Promise<void>;
  /** How long it waits for other subgraphs than the records' own. */
  readonly patienceMs?: number;
  /** Called when events begin to wait, with a reason for the log, and with null when they go on. */
  readonly onWaiting?: (reason: unknown) => void;
}

export interface Renderer {
  /**
   * Renders the first of the events, in order: all, unless one of them cannot be answered yet. At least one: it waits for that. Of all who
   * wait with this renderer one asks at a time, less and less often up to once a second.
   * @param isOver asked before each attempt
   * @throws Gone when it is over
   */
  render(events: readonly DeskEvent[], isOver: () => boolean): Promise<RenderedEvent[]>;
  /** Whether events wait for their source. */
  readonly isWaiting: () => boolean;
}

export function createRenderer({ graph, audience, pause, patienceMs = PATIENCE_MS, onWaiting = () => {} }: RendererOptions): Renderer {
  const records = recordsOf(graph, audience.query);
  const gate = createGate({ pause, longestMs: LONGEST_BACK_OFF_MS, onChange: (reason) => onWaiting(reason instanceof Unanswered ? reason.errors[0] : reason) });
  let othersLostAt: number | null = null;

  /** @throws Unanswered when the first of them cannot be answered */
  const attempt = async (events: readonly DeskEvent[]): Promise<RenderedEvent[]> => {
    const { query, operationName, variables, viewer, mode } = audience;
    const { document, operation } = query;
    const { data, errors = [], extensions } = await graph.run({ document, operation, operationName, variables, viewer, mode, events });
    const given = (data?.[query.key] as { events?: readonly unknown[] | null } | null | undefined)?.events;
    const mine = eventErrors(errors, query.path.length);
    if (!given || given.length !== events.length) {
      if (errors.length === 0 || !mine.every(isDecided)) throw new Unanswered(errors);
      // Refused whole by rule. What is refused of one is not refused of the others.
      if (events.length > 1) return attempt(events.slice(0, Math.ceil(events.length / 2)));
      return [[JSON.stringify({ data: null, errors: errors.map((error) => shown(error, error.path)) })]];
    }
    const outcomes = outcomesOf(records, given, mine, (index) => isRemoved(events[index]));
    const othersLost = mine.some((error) => isPassing(error) && !isOfRecord(records, error));
    if (othersLost) othersLostAt ??= performance.now();
    else othersLostAt = null;
    if (othersLostAt !== null && performance.now() - othersLostAt <= patienceMs) throw new Unanswered(errors);
    const first = outcomes.indexOf('UNANSWERED');
    if (first === 0) throw new Unanswered(errors);
    return given.slice(0, first < 0 ? given.length : first).map((event, index) => {
      if (outcomes[index] === 'GONE') return null;
      const own = mine.filter((error) => isAbout(records, error, index, event, isRemoved(events[index])));
      const text = JSON.stringify({
        ...(own.length > 0 ? { errors: own.map(({ error, path }) => shown(error, [query.key, ...path])) } : null),
        data: { [query.key]: event },
        extensions: { cursor: CURSOR_MARK, ...costOf(audience), ...(own.length > 0 ? completenessOf(extensions, query, event) : null) },
      });
      return text.split(MARK_AS_JSON);
    });
  };

  return {
    isWaiting: gate.isShut,
    // Fewer each time: what so many at once take too long for, fewer do not.
    render: (events, isOver) => gate.pass((failures) => attempt(events.slice(0, Math.max(1, events.length >> Math.min(failures, 30)))), isOver),
  };
}

/** A `Checkpoint` or `CursorExpired` in a subscriber's own selection. No source is asked, so that it comes also when none answers. */
export function renderNotice({ schema }: Graph, audience: Audience, notice: Exclude<DeskEvent, { readonly kind: unknown }>): readonly string[] {
  const { query, operationName, variables } = audience;
  const { data } = executeSync({
    schema,
    document: query.document,
    operationName,
    variableValues: variables,
    rootValue: { [query.field.name.value]: { events: [notice] } },
  });
  const [event] = (data?.[query.key] as { events: readonly unknown[] } | undefined)?.events ?? [];
  return JSON.stringify({ data: { [query.key]: event }, extensions: { cursor: CURSOR_MARK, ...costOf(audience) } }).split(MARK_AS_JSON);
}

const costOf = ({ cost }: Audience) => (cost === undefined ? null : { cost });

class Unanswered extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('a source did not answer');
    this.errors = errors;
  }
}

const isRemoved = (event: DeskEvent | undefined): boolean => event !== undefined && 'kind' in event && event.kind === 'REMOVED';

/** Whether it may be otherwise next time. */
const isPassing = (error: EventError): boolean =>
  codeOf(error) === 'SUBGRAPH_UNAVAILABLE' || codeOf(error) === 'DEADLINE' || error.error.extensions['retryable'] === true;

const shown = ({ message, extensions }: GraphQLError, path: readonly (string | number)[] | undefined) => ({ message, ...(path ? { path } : null), extensions });

/** Whether an error belongs to this event; `@` is every event that has the field. */
function isAbout(records: RecordKeys, { error, at, path }: EventError, index: number, event: unknown, isGone: boolean): boolean {
  if (at !== '@') return at === index;
  const [key] = path;
  if (key === undefined) return true;
  if (typeof event !== 'object' || event === null || !Object.hasOwn(event, key) || (isGone && records.has(String(key)))) return false;
  // What policy refuses is said of the selection; what was not answered, of what is missing.
  return error.extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE' || lacks(event, path);
}

interface Completeness {
  readonly status: string;
  readonly missing: readonly { readonly source: string; readonly paths: readonly string[] }[];
}

/** The answer's completeness, as far as it is this event's, with the paths that the subscriber knows. */
function completenessOf(extensions: Readonly<Record<string, unknown>> | undefined, { key, path }: EventQuery, event: unknown): { readonly completeness: Completeness } | null {
  const whole = extensions?.['completeness'] as Completeness | undefined;
  if (!whole) return null;
  const before = `${path.join('.')}.@.`;
  const missing = whole.missing.flatMap(({ source, paths }) => {
    const own = paths.flatMap((each) => (each.startsWith(before) && lacks(event, each.slice(before.length).split('.')) ? [`${key}.${each.slice(before.length)}`] : []));
    return own.length > 0 ? [{ source, paths: own }] : [];
  });
  return { completeness: { ...whole, status: missing.length > 0 ? 'PARTIAL' : 'COMPLETE', missing } };
}

const known = new WeakMap<EventQuery, RecordKeys>();

function recordsOf({ schema }: Graph, query: EventQuery): RecordKeys {
  let records = known.get(query);
  const type = changeTypes[query.field.name.value];
  if (!records) known.set(query, (records = type ? recordKeysIn(schema, type, query.field.selectionSet, fragmentsIn(query.document.definitions)) : new Map()));
  return records;
}
