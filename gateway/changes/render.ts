import { executeSync, type GraphQLError } from 'graphql';
import type { Viewer } from '#policy/viewer.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import type { StreamEvent } from './events.ts';
import type { EventQuery } from './selection.ts';
import {
  codeOf,
  type EventError,
  eventErrors,
  fragmentsIn,
  isDecided,
  isOfRecord,
  lacks,
  outcomesOf,
  type RecordKeys,
  recordKeysIn,
} from './content.ts';
import { createGate } from './gate.ts';
import type { Topics } from './topics.ts';

// Renders changes in a subscriber's own selection. Equal events are rendered once for all subscribers with the same
// selection and grant; they share the bytes except the cursor. An event whose own source cannot answer is not rendered:
// it waits, and so does every event after it (P10).

/** The subscribers that receive the same text: same selection and grant. */
export interface Audience {
  readonly query: EventQuery;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  /** The cost of an event, where it is to be reported. */
  readonly cost?: unknown;
}

/**
 * A GraphQL response as JSON text without its cursor: the parts between which the cursor goes. Null: nobody may see the
 * record any more.
 */
export type RenderedEvent = readonly string[] | null;

/**
 * The placeholder for the cursor of each subscriber. No client can bring it into a response, because no stored text
 * contains the character.
 */
export const CURSOR_MARK = '\u0000cursor\u0000';
/** The placeholder as the cursor of an event. */
export const cursorMark = (): string => CURSOR_MARK;
const MARK_AS_JSON = JSON.stringify(CURSOR_MARK).slice(1, -1);

export const withCursor = (rendered: readonly string[], cursor: string): string => rendered.join(cursor);

/** The maximum of events that are given to a renderer at once: one planned operation renders them. */
export const MAX_RENDERED_AT_ONCE = 500;
/** How long events wait for subgraphs other than the record's own (P10). */
const PATIENCE_MS = 5000;
const LONGEST_BACK_OFF_MS = 1000;

export interface RendererOptions {
  readonly graph: Graph;
  readonly topics: Topics;
  readonly audience: Audience;
  /** Waits for at most that long; it returns sooner when the gateway closes. */
  readonly pause: (ms: number) => Promise<void>;
  /** How long it waits for subgraphs other than the records' own. */
  readonly patienceMs?: number;
  /** Called when events begin to wait, with a reason for the log, and with null when they continue. */
  readonly onWaiting?: (reason: unknown) => void;
}

export interface Renderer {
  /**
   * Renders the first of the events, in order: all of them, unless one cannot be answered yet. It waits until at least
   * one is rendered. Of all callers that wait with this renderer one tries at a time, with pauses that grow to one
   * second.
   * @param isOver checked before each attempt
   * @throws Gone when it is over
   */
  render(events: readonly StreamEvent[], isOver: () => boolean): Promise<RenderedEvent[]>;
  /** Whether events wait for their source. */
  readonly isWaiting: () => boolean;
}

export function createRenderer({
  graph,
  topics,
  audience,
  pause,
  patienceMs = PATIENCE_MS,
  onWaiting = () => {},
}: RendererOptions): Renderer {
  const records = recordsOf(graph, topics, audience.query);
  const gate = createGate({
    pause,
    longestMs: LONGEST_BACK_OFF_MS,
    onChange: (reason) => onWaiting(reason instanceof Unanswered ? reason.errors[0] : reason),
  });
  let othersLostAt: number | null = null;

  /** @throws Unanswered when the first of them cannot be answered */
  const attempt = async (events: readonly StreamEvent[]): Promise<RenderedEvent[]> => {
    const { query, operationName, variables, viewer, mode } = audience;
    const { document, operation } = query;
    const {
      data,
      errors = [],
      extensions,
    } = await graph.run({ document, operation, operationName, variables, viewer, mode, events });
    const given = (data?.[query.key] as { events?: readonly unknown[] | null } | null | undefined)?.events;
    const mine = eventErrors(errors, query.path.length);
    if (!given || given.length !== events.length) {
      if (errors.length === 0 || !mine.every(isDecided)) throw new Unanswered(errors);
      // A refusal by rule of the whole query. A refusal of one event is no refusal of the others.
      if (events.length > 1) return attempt(events.slice(0, Math.ceil(events.length / 2)));
      return [[JSON.stringify({ data: null, errors: errors.map((error) => displayed(error, error.path)) })]];
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
        ...(own.length > 0 ? { errors: own.map(({ error, path }) => displayed(error, [query.key, ...path])) } : null),
        data: { [query.key]: event },
        extensions: {
          cursor: CURSOR_MARK,
          ...costOf(audience),
          ...(own.length > 0 ? completenessOf(extensions, query, event) : null),
        },
      });
      return text.split(MARK_AS_JSON);
    });
  };

  return {
    isWaiting: gate.isShut,
    // Fewer events each time: a timeout with many may be none with few.
    render: (events, isOver) =>
      gate.pass((failures) => attempt(events.slice(0, Math.max(1, events.length >> Math.min(failures, 30)))), isOver),
  };
}

/**
 * A `Checkpoint` or `CursorExpired` in a subscriber's own selection. It needs no source, so that it is sent also when
 * no source answers.
 */
export function renderNotice(
  { schema }: Graph,
  audience: Audience,
  notice: Exclude<StreamEvent, { readonly kind: unknown }>,
): readonly string[] {
  const { query, operationName, variables } = audience;
  const { data } = executeSync({
    schema,
    document: query.document,
    operationName,
    variableValues: variables,
    rootValue: { [query.field.name.value]: { events: [notice] } },
  });
  const [event] = (data?.[query.key] as { events: readonly unknown[] } | undefined)?.events ?? [];
  return JSON.stringify({
    data: { [query.key]: event },
    extensions: { cursor: CURSOR_MARK, ...costOf(audience) },
  }).split(MARK_AS_JSON);
}

const costOf = ({ cost }: Audience) => (cost === undefined ? null : { cost });

class Unanswered extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('a source did not answer');
    this.errors = errors;
  }
}

const isRemoved = (event: StreamEvent | undefined): boolean =>
  event !== undefined && 'kind' in event && event.kind === 'REMOVED';

/** Whether the result may differ next time. */
const isPassing = (error: EventError): boolean =>
  codeOf(error) === 'SUBGRAPH_UNAVAILABLE' ||
  codeOf(error) === 'DEADLINE' ||
  error.error.extensions['retryable'] === true;

const displayed = ({ message, extensions }: GraphQLError, path: readonly (string | number)[] | undefined) => ({
  message,
  ...(path ? { path } : null),
  extensions,
});

/** Whether an error belongs to this event; `@` stands for every event that has the field. */
function isAbout(
  records: RecordKeys,
  { error, at, path }: EventError,
  index: number,
  event: unknown,
  isGone: boolean,
): boolean {
  if (at !== '@') return at === index;
  const [key] = path;
  if (key === undefined) return true;
  if (typeof event !== 'object' || event === null || !Object.hasOwn(event, key) || (isGone && records.has(String(key))))
    return false;
  // A refusal by policy concerns the selection; a missing answer concerns the fields that are missing.
  return error.extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE' || lacks(event, path);
}

interface Completeness {
  readonly status: string;
  readonly missing: readonly { readonly source: string; readonly paths: readonly string[] }[];
  /** Of all events of the response; each event's record has its own field `factConflict`. */
  readonly disputed?: unknown;
}

/** The completeness of the response, as far as it concerns this event, with the paths of the subscriber's selection. */
function completenessOf(
  extensions: Readonly<Record<string, unknown>> | undefined,
  { key, path }: EventQuery,
  event: unknown,
): { readonly completeness: Completeness } | null {
  const whole = extensions?.['completeness'] as Completeness | undefined;
  if (!whole) return null;
  const before = `${path.join('.')}.@.`;
  const missing = whole.missing.flatMap(({ source, paths }) => {
    const own = paths.flatMap((each) =>
      each.startsWith(before) && lacks(event, each.slice(before.length).split('.'))
        ? [`${key}.${each.slice(before.length)}`]
        : [],
    );
    return own.length > 0 ? [{ source, paths: own }] : [];
  });
  const { disputed: _, ...own } = whole;
  return { completeness: { ...own, status: missing.length > 0 ? 'PARTIAL' : 'COMPLETE', missing } };
}

const known = new WeakMap<EventQuery, RecordKeys>();

function recordsOf({ schema }: Graph, topics: Topics, query: EventQuery): RecordKeys {
  let records = known.get(query);
  const topic = topics.ofField(query.field.name.value);
  if (!records)
    known.set(
      query,
      (records = topic
        ? recordKeysIn(schema, topic, query.field.selectionSet, fragmentsIn(query.document.definitions))
        : new Map()),
    );
  return records;
}
