import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { GraphQLError } from 'graphql';
import { request } from 'undici';
import { createBreaker, type Outcome } from '#kit/breaker.ts';
import { createBulkhead } from '#kit/bulkhead.ts';
import type { SubgraphName } from '#kit/config.ts';
import type { Moment } from '#kit/context.ts';
import { faultOf } from '#kit/faults.ts';
import type { RecordFeed } from '#kit/feed.ts';
import type { ReplacingFiling, Weighed } from '#kit/filing/replacement.ts';
import type { Head, HeadAsk } from '#kit/heads.ts';
import type { SourceUnit, UnitRegistration } from '#kit/sourceUnits.ts';
import type { PassportOffice } from '#kit/passport.ts';
import { inSpan, outsideRequests, scopeHeaders } from '#kit/telemetry/scope.ts';
import type { FilingDoor, FilingPart, PartOutcome, Subgraph, SubgraphStatus } from '#kit/subgraph.ts';
import { publicViewer, type Viewer } from '#policy/viewer.ts';
import type { BudgetState } from './budget/budgets.ts';
import type { DeskEvent } from './live/events.ts';
import { clientAttributes, createHttpTransport } from './plan/http.ts';
import { SubgraphUnavailable, type SubgraphCall, type SubgraphResult, type Transport } from './plan/transport.ts';

/** What a call carries through the plan executor to a subgraph. */
export interface CallContext {
  readonly viewer: Viewer;
  readonly moment: Moment;
  /** Changes to be told, for the desk alone. */
  readonly events?: readonly DeskEvent[] | undefined;
  /** What is left of the caller's budget, for the desk alone. */
  readonly budget?: BudgetState | undefined;
}

/** A subgraph as the gateway uses it, wherever it runs. */
export interface Source extends AsyncDisposable {
  readonly name: string;
  readonly transport: Transport;
  /** Whether it is left alone now, since it failed again and again. */
  isBreakerOpen(): boolean;
  status(): Promise<SubgraphStatus>;
  /** Hands on a part of a filing. @throws SubgraphUnavailable, or an error for the client. */
  file(viewer: Viewer, part: FilingPart, bytes: Readable): Promise<PartOutcome>;
  /** What a full replacement would end, ending it, and letting it be (kit/filing/replacement.ts). @throws SubgraphUnavailable, or an error for the client. */
  weighReplacement(viewer: Viewer, kind: string, filing: ReplacingFiling): Promise<Weighed>;
  applyReplacement(viewer: Viewer, kind: string, filing: ReplacingFiling, at: string): Promise<number>;
  discardReplacement(viewer: Viewer, kind: string, filing: ReplacingFiling): Promise<void>;
  /** Registers units that file to it. @throws SubgraphUnavailable, or an error for the client. */
  registerUnits(viewer: Viewer, units: readonly UnitRegistration[]): Promise<void>;
  /** What a unit files to it. @throws SubgraphUnavailable */
  unitsOf(viewer: Viewer, unit: string): Promise<readonly SourceUnit[]>;
  /** Records without their content, as the viewer may see them (kit/heads.ts). @throws SubgraphUnavailable, or an error for the client. */
  heads(viewer: Viewer, topic: RecordFeed['topic'], ask: HeadAsk): Promise<readonly Head[]>;
}

const contextOf = (call: SubgraphCall): CallContext => call.context as CallContext; // set by gateway/graph.ts alone
const never = new AbortController().signal;

function doorOf(subgraph: Subgraph, kind: string): FilingDoor {
  const door = subgraph.filings[kind];
  if (!door) throw new SubgraphUnavailable(`${subgraph.name} keeps no filings of kind ${kind}`);
  return door;
}

/** After so many calls in a row that its database kept from being answered, a subgraph is left alone for so long; then one call probes. */
const BREAKER_FAILURES = 5;
const BREAKER_OPEN_MS = 1000;
/** Longer than a statement and the wait for a connection may take: what is late by then hangs. */
const LOCAL_DEADLINE_MS = 10_000;

/** A subgraph in this process: it gets the viewer object itself. */
export function createLocalSource(subgraph: Subgraph): Source {
  const breaker = createBreaker({ failures: BREAKER_FAILURES, openMs: () => BREAKER_OPEN_MS, refusal: () => new SubgraphUnavailable('the breaker is open') });
  const outcomeOf = (errors: readonly GraphQLError[] | undefined, signal: AbortSignal): Outcome => {
    if (!errors?.some(({ originalError }) => faultOf(originalError))) return 'answered';
    return signal.aborted ? 'unknown' : 'failed';
  };
  return {
    name: subgraph.name,
    isBreakerOpen: () => breaker.isOpen(),
    transport: {
      async execute(call) {
        const { viewer, moment } = contextOf(call);
        const signal = call.signal ?? never;
        const leave = breaker.enter();
        let outcome: Outcome = 'failed';
        try {
          const asked = { document: call.operation.document, operationName: call.operation.name, variables: call.variables, viewer, moment, signal };
          const { data, errors, extensions } = await withDeadline(subgraph.execute(asked), LOCAL_DEADLINE_MS);
          outcome = outcomeOf(errors, signal);
          return { data: data ?? null, ...(errors ? { errors } : null), ...(extensions ? { extensions } : null) };
        } finally {
          leave(outcome);
        }
      },
    },
    status: () => subgraph.status(),
    file: (viewer, part, bytes) => doorOf(subgraph, part.kind)(viewer, part, bytes),
    weighReplacement: (viewer, kind, filing) => doorOf(subgraph, kind).replacement.weigh(viewer, filing),
    applyReplacement: (viewer, kind, filing, at) => doorOf(subgraph, kind).replacement.apply(viewer, filing, at),
    discardReplacement: (viewer, kind, filing) => doorOf(subgraph, kind).replacement.discard(viewer, filing),
    registerUnits: (viewer, units) => subgraph.units.register(viewer, units),
    unitsOf: (_, unit) => subgraph.units.of(unit),
    async heads(viewer, topic, ask) {
      const read = subgraph.heads[topic];
      if (!read) throw new SubgraphUnavailable(`${subgraph.name} keeps no records of topic ${topic}`);
      return read(viewer, ask);
    },
    [Symbol.asyncDispose]: () => subgraph[Symbol.asyncDispose](),
  };
}

/**
 * Calls of one subgraph at once, and that wait for their turn: as many as a busy second brings, so that one source which is slow holds no more
 * of the gateway than that. Beyond it the source is one that does not answer.
 */
const MAX_CALLS = 512;
const MAX_WAITING_CALLS = 2048;
const TURN_MS = 3000;

/** The source, with its calls in a bulkhead of their own. */
export function withBulkhead(source: Source, { maxConcurrent = MAX_CALLS, maxWaiting = MAX_WAITING_CALLS, waitMs = TURN_MS }: { maxConcurrent?: number; maxWaiting?: number; waitMs?: number } = {}): Source {
  const bulkhead = createBulkhead({ maxConcurrent, maxWaiting, waitMs, errorFor: (why) => new SubgraphUnavailable(`its bulkhead is full: ${why}`) });
  const run = (call: SubgraphCall): Promise<SubgraphResult> => {
    const answer = source.transport.execute(call);
    answer.then(bulkhead.leave, bulkhead.leave);
    return answer;
  };
  const execute = (call: SubgraphCall): Promise<SubgraphResult> => bulkhead.enter()?.then(() => run(call)) ?? run(call);
  return { ...source, transport: { ...source.transport, execute } };
}

/** A busy machine answers late. A source that has not answered in time is waited for no longer than all others can bear. */
const STATUS_DEADLINE_MS = 2500;
const LATE_STATUS_DEADLINE_MS = 1000;
const OPERATION_DEADLINE_MS = 5000;
const FILING_DEADLINE_MS = 10 * 60_000;

/** A subgraph over HTTP: it gets a passport, never the client's token. */
export function createRemoteSource(name: SubgraphName, url: string, passport: PassportOffice): Source {
  const base = url.replace(/\/graphql\/?$/, '');
  const origin = new URL(base);
  // For the path as the subgraph receives it: what stands before it is the way of a proxy.
  const headers = (viewer: Viewer, method: string, path: string, body: string | Uint8Array): Record<string, string> => ({ authorization: `Passport ${passport(viewer, name, { method, path, body })}` });
  const transport = createHttpTransport({
    url: `${base}/graphql`,
    headers: (call, body) => headers(contextOf(call).viewer, 'POST', '/graphql', body),
    body: (call) => ({ moment: contextOf(call).moment }),
    timeoutMs: OPERATION_DEADLINE_MS,
  });
  /** One question beside the graph. Whatever goes wrong on its way but for a deadline, the subgraph is not there. */
  const ask = async (viewer: Viewer, path: string, deadlineMs: number, { method = 'GET', body, type }: Question = {}): Promise<unknown> => {
    try {
      return await inSpan(method, 'CLIENT', clientAttributes(method, origin), async () =>
        answerOf(
          await request(`${base}${path}`, {
            method, body: body ?? null, headers: { ...scopeHeaders(), ...headers(viewer, method, path, body ?? ''), ...(type === undefined ? null : { 'content-type': type }) },
            signal: AbortSignal.timeout(deadlineMs), headersTimeout: deadlineMs, bodyTimeout: deadlineMs,
          }),
        ));
    } catch (error) {
      throw isForClient(error) || faultOf(error) ? error : new SubgraphUnavailable('the connection failed', { cause: error });
    }
  };
  const replacement = (kind: string, { id, unit }: ReplacingFiling, more: Readonly<Record<string, string>> = {}): string =>
    `/filings/${id}/replacement?${new URLSearchParams({ kind, unit, ...more })}`;
  // What comes back is of our own subgraph server, which has seen our passport.
  return {
    name,
    transport,
    isBreakerOpen: () => transport.isBreakerOpen(),
    status: async () => (await ask(publicViewer, '/status', STATUS_DEADLINE_MS)) as SubgraphStatus,
    async file(viewer, part, bytes) {
      const query = new URLSearchParams({ kind: part.kind, format: part.format, ...(part.wantsRows ? { rows: 'true' } : null), ...(part.replaces ? { replaces: 'true' } : null) });
      return (await ask(viewer, `/filings/${part.filingId}/parts/${part.number}?${query}`, FILING_DEADLINE_MS, { method: 'PUT', body: await buffer(bytes) })) as PartOutcome;
    },
    weighReplacement: async (viewer, kind, filing) => (await ask(viewer, replacement(kind, filing), FILING_DEADLINE_MS)) as Weighed,
    applyReplacement: async (viewer, kind, filing, at) => ((await ask(viewer, replacement(kind, filing, { at }), FILING_DEADLINE_MS, { method: 'POST' })) as { ended: number }).ended,
    discardReplacement: async (viewer, kind, filing) => void (await ask(viewer, replacement(kind, filing), FILING_DEADLINE_MS, { method: 'DELETE' })),
    registerUnits: async (viewer, units) => void (await ask(viewer, '/source-units', OPERATION_DEADLINE_MS, { method: 'PUT', body: JSON.stringify(units), type: 'application/json' })),
    unitsOf: async (viewer, unit) => (await ask(viewer, `/source-units/${unit}`, OPERATION_DEADLINE_MS)) as readonly SourceUnit[],
    heads: async (viewer, topic, asked) =>
      (await ask(viewer, `/heads?${new URLSearchParams({ topic })}`, OPERATION_DEADLINE_MS, { method: 'POST', body: JSON.stringify(asked), type: 'application/json' })) as readonly Head[],
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly body?: Buffer | string;
  readonly type?: string;
}

const isForClient = (error: unknown): boolean => error instanceof Error && 'extensions' in error;

async function answerOf(response: Awaited<ReturnType<typeof request>>): Promise<unknown> {
  const text = await response.body.text();
  let body: { errors?: { message: string; extensions: Record<string, unknown> }[] } | null;
  try {
    body = JSON.parse(text) as typeof body;
  } catch (cause) {
    throw new SubgraphUnavailable(`HTTP status ${response.statusCode}, and the answer is not JSON`, { cause });
  }
  const [error] = body?.errors ?? [];
  if (response.statusCode === 400 && error) throw Object.assign(new Error(error.message), { extensions: error.extensions });
  if (response.statusCode !== 200) throw new SubgraphUnavailable(`HTTP status ${response.statusCode}`);
  return body;
}

export interface SourceState {
  readonly source: string;
  readonly state: 'IN_TIME' | 'LATE' | 'UNAVAILABLE';
  readonly knownThrough: string | null;
  readonly lateUnits: readonly string[];
}

/** What the gateway knows of its sources, and the instant that is settled in all that can be reached. */
export interface SourceBook {
  states(): readonly SourceState[];
  /**
   * The latest sealed instant, ISO 8601 with milliseconds: at most `FRESH_MS` older than the call, by when it was asked for. At once where it is
   * known.
   * @throws SubgraphUnavailable, by its promise, while no source answers: an older instant is never given in its place
   */
  sealed(): string | Promise<string>;
  /** Asks all sources now: after a write its writer must see it. */
  refresh(): Promise<void>;
}

/** An instant this old still serves, while a newer one is fetched: no query waits, and nothing runs while nobody asks. */
const RENEW_MS = 200;
const FRESH_MS = 2000;
/** How often one operation asks when each answer was too old by the time it came: the process was stopped, or is starved. */
const MAX_ASKED = 2;

/** @param clockMs a monotonic clock in milliseconds */
export function createSourceBook(sources: readonly Source[], clockMs: () => number = () => performance.now()): SourceBook {
  let states: readonly SourceState[] = sources.map(({ name }) => ({ source: name, state: 'UNAVAILABLE', knownThrough: null, lateUnits: [] }));
  /** What the last question that was answered gave, and when it was asked; null where nobody answered it. */
  let answer: { readonly sealed: string; readonly askedAt: number } | null = null;
  let greatest = '';
  let underWay: Promise<void> | null = null;
  // One that hangs is not asked again beside: it would take the source's connections one by one.
  const hanging = new Set<string>();
  const late = new Set<string>();

  const statusOf = async ({ name, status }: Source): Promise<SubgraphStatus> => {
    if (hanging.has(name)) throw new SubgraphUnavailable('it has not answered the question before');
    hanging.add(name);
    const told = status().finally(() => hanging.delete(name));
    try {
      const state = await withDeadline(told, late.has(name) ? LATE_STATUS_DEADLINE_MS : STATUS_DEADLINE_MS);
      late.delete(name);
      return state;
    } catch (error) {
      late.add(name);
      throw error;
    }
  };

  const ask = async (): Promise<void> => {
    const askedAt = clockMs();
    const before = states;
    states = await Promise.all(
      sources.map(async (source): Promise<SourceState> => {
        const { name } = source;
        try {
          const { sealed: through, lateUnits } = await statusOf(source);
          return { source: name, state: lateUnits.length > 0 ? 'LATE' : 'IN_TIME', knownThrough: through, lateUnits };
        } catch {
          return { source: name, state: 'UNAVAILABLE', knownThrough: before.find((state) => state.source === name)?.knownThrough ?? null, lateUnits: [] };
        }
      }),
    );
    // A source that is down answers nothing, so it does not hold the others back.
    const [least] = states.flatMap(({ state, knownThrough }) => (state !== 'UNAVAILABLE' && knownThrough !== null ? [knownThrough] : [])).toSorted();
    if (least !== undefined && least > greatest) greatest = least;
    answer = least === undefined ? null : { sealed: greatest, askedAt };
  };

  const renew = (): Promise<void> => {
    underWay ??= outsideRequests(ask).finally(() => {
      underWay = null;
    });
    return underWay;
  };
  const ageMs = (): number => (answer === null ? Number.POSITIVE_INFINITY : clockMs() - answer.askedAt);

  const awaitSealed = async (): Promise<string> => {
    const arrivedAt = clockMs();
    for (let asked = 0; ageMs() > FRESH_MS && asked < MAX_ASKED; asked += 1) {
      await renew();
      if (answer === null) break;
    }
    // Sources that answer slowly were asked after this operation came: what they say is no older than it.
    if (answer === null || answer.askedAt < arrivedAt - FRESH_MS) {
      throw new SubgraphUnavailable('no source says what is settled');
    }
    return answer.sealed;
  };

  return {
    states: () => states,
    sealed() {
      const age = ageMs();
      if (age > RENEW_MS) void renew();
      return answer !== null && age <= FRESH_MS ? answer.sealed : awaitSealed();
    },
    async refresh() {
      // What is under way may have asked before the write.
      if (underWay) await underWay;
      await renew();
    },
  };
}

/** Its outcome, or SubgraphUnavailable when there is none by then. */
function withDeadline<Value>(work: Promise<Value>, ms: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SubgraphUnavailable(`no answer in ${ms} ms`)), ms);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}
