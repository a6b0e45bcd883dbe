import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { Agent, request } from 'undici';
import WebSocket from 'ws';
import { composeUscc } from '#standards/uscc.ts';
import { rowOf } from '#test/support/listings.ts';
import { followBySse } from '#test/support/streams.ts';
import type { Cluster } from './cluster.ts';
import { actsOf, CENTRE, codeOf, ENTITIES, entriesOf, gradeOf, nameOf, PUBLIC, publicListings, type Tenant, tenants, UNKNOWN_CODE } from './fixtures.ts';
import { judge } from './oracle.ts';

// Sixty seconds of everything that clients do, at a fixed rate whatever is answered, and a judgement of each answer. Bounded: so many requests
// under way, so many seconds, 127.0.0.1 alone.

const RATE = 15; // requests a second, over all gateways
const MAX_UNDER_WAY = 400;
const DEADLINE_MS = 15_000;
const SLACK_MS = 2000;
const DRAIN_MS = 20_000;

/** One thing that a client asks, and `data` of the answer when nothing is broken. */
interface Question {
  readonly kind: string;
  readonly who: Tenant;
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
  /** Whether a code is in it that nobody has. */
  readonly asksUnknown?: boolean;
}

export interface LoadReport {
  readonly right: number;
  readonly partial: number;
  readonly refused: number;
  /** Requests whose connection broke off, or that found nobody: allowed while a gateway is what is broken. */
  readonly lost: number;
  /** Not sent, because too many were under way. */
  readonly skipped: number;
  readonly slowestMs: number;
  /** 99 of 100 answers before the fault, and in the last quarter. ms */
  readonly p99Ms: number;
  readonly writes: { readonly acknowledged: number; readonly uncertain: number };
  readonly events: number;
  /** What was wrong, how often, and with what for example. */
  readonly violations: ReadonlyMap<string, { count: number; readonly example: string }>;
}

export interface Load {
  start(): void;
  /** Ends it, waits for what is under way and for the last change to arrive, and compares with the database. */
  stop(): Promise<LoadReport>;
  /** Whether both gateways answer everything, and rightly, now. */
  isWhole(): Promise<boolean>;
  /** Answers so far. */
  readonly answered: () => number;
}

export interface LoadOptions {
  /** Whether connections to the gateways may break: a gateway is what is broken. */
  readonly mayLose?: boolean | undefined;
  /** Whether a text may be told that it was not planned: what plans is what is broken. */
  readonly mayFailPlanning?: boolean | undefined;
  /** A number that no other load on the same database has. */
  readonly run: number;
}

const FILE = 'query ($uscc: USCC!) { creditFile(uscc: $uscc) { uscc entity { name } administrativeActs(first: 5) { nodes { documentNo } } nameListEntries(first: 5) { nodes { grounds } } evaluations { grade } } }';
const fileOf = (entity: number, who: Tenant): Record<string, unknown> => ({
  uscc: codeOf(entity),
  entity: { name: nameOf(entity) },
  administrativeActs: { nodes: actsOf(entity, who) },
  nameListEntries: { nodes: entriesOf(entity, who) },
  evaluations: [{ grade: gradeOf(entity) }],
});

const some = (number: number): number => (number * 7919) % ENTITIES;
const tenantOf = (number: number): Tenant => tenants[number % tenants.length] as Tenant; // there are some

const file = (number: number): Question => {
  const who = tenantOf(number);
  return { kind: 'file', who, query: FILE, variables: { uscc: codeOf(some(number)) }, expected: { creditFile: fileOf(some(number), who) } };
};

const batch = (number: number): Question => {
  const who = tenantOf(number);
  const entities = Array.from({ length: 8 }, (_, index) => some(number * 8 + index));
  return {
    kind: 'batch',
    who,
    asksUnknown: true,
    query: 'query ($codes: [String!]!, $more: [String!]!) { creditFiles(codes: $codes) { input file { uscc entity { name } administrativeActs(first: 5) { nodes { documentNo } } } } entities(codes: $more) { input status entity { name } } }',
    variables: { codes: entities.map(codeOf), more: [...entities.map(codeOf), UNKNOWN_CODE] },
    expected: {
      creditFiles: entities.map((entity) => ({ input: codeOf(entity), file: { uscc: codeOf(entity), entity: { name: nameOf(entity) }, administrativeActs: { nodes: actsOf(entity, who) } } })),
      entities: [...entities.map((entity) => ({ input: codeOf(entity), status: 'FOUND', entity: { name: nameOf(entity) } })), { input: UNKNOWN_CODE, status: 'UNKNOWN', entity: null }],
    },
  };
};

const search = (number: number): Question => ({
  kind: 'search',
  who: PUBLIC,
  query: 'query ($name: String!) { searchEntities(query: $name, first: 1) { nodes { uscc name } } }',
  variables: { name: nameOf(some(number)).slice(0, 9) },
  expected: { searchEntities: { nodes: [{ uscc: codeOf(some(number)), name: nameOf(some(number)) }] } },
});

const list = (number: number): Question => {
  const province = number % 2 === 0 ? '33' : '44';
  return {
    kind: 'list',
    who: PUBLIC,
    query: 'query ($province: String!) { nameListEntries(filter: { types: ["ABNORMAL_OPERATION"], province: $province }, first: 5) { nodes { grounds subject { uscc name } } } }',
    variables: { province },
    expected: { nameListEntries: { nodes: publicListings(province, 5) } },
  };
};

/** A text that nobody has sent before, and that has to be planned. */
const newText = (number: number, run: number): Question => {
  const who = tenantOf(number);
  const entity = some(number);
  const name = `f${run}_${number}`;
  const parts: [string, string, unknown][] = [
    ['entity', `e${number}: entity { n${number}: name }`, { [`e${number}`]: { [`n${number}`]: nameOf(entity) } }],
    ['acts', `a${number}: administrativeActs(first: 5) { nodes { d${number}: documentNo } }`, { [`a${number}`]: { nodes: actsOf(entity, who).map(({ documentNo }) => ({ [`d${number}`]: documentNo })) } }],
    ['entries', `l${number}: nameListEntries(first: 5) { nodes { grounds } }`, { [`l${number}`]: { nodes: entriesOf(entity, who) } }],
    ['evaluations', `v${number}: evaluations { grade }`, { [`v${number}`]: [{ grade: gradeOf(entity) }] }],
  ];
  const chosen = parts.filter((_, index) => (number + 1) & (1 << index) || index === number % 4);
  return {
    kind: 'new text',
    who,
    query: `query Q${name} { ${name}: creditFile(uscc: "${codeOf(entity)}") { uscc ${chosen.map(([, text]) => text).join(' ')} } }`,
    expected: { [name]: Object.assign({ uscc: codeOf(entity) }, ...chosen.map(([, , data]) => data)) },
  };
};

/** Of ten requests, in turn. */
const MIX: readonly ((number: number, run: number) => Question)[] = [file, newText, batch, file, list, newText, search, file, newText, file];

interface Write {
  readonly token: string;
  readonly uscc: string;
  readonly key: string;
  acknowledged: boolean;
}

/** The load on all gateways of the cluster; it begins with `start`. */
export function createLoad(cluster: Cluster, { mayLose = false, mayFailPlanning = false, run }: LoadOptions): Load {
  const agent = new Agent({ connections: 256, pipelining: 1 });
  const urls = cluster.gateways.map(({ url }) => url);
  const tokens = new Map<Tenant, string>();
  // Made a quarter of an hour ago: a clock that is ten minutes late takes them too.
  const issued = Math.floor(Date.now() / 1000) - 900;
  const tokenOf = (who: Tenant): string | null => {
    if (who.organisation === null) return null;
    let token = tokens.get(who);
    if (token === undefined) {
      const { role, organisation, province, sector, purpose } = who;
      token = cluster.issuer.token(
        { role, organisation, purposes: purpose === null ? [] : [purpose], ...(province === null ? null : { province }), ...(sector === null ? null : { sector }) },
        { payload: { iat: issued, exp: issued + 3600 } },
      );
      tokens.set(who, token);
    }
    return token;
  };

  const counts = { right: 0, partial: 0, refused: 0, lost: 0, skipped: 0, events: 0 };
  let answered = 0;
  let slowestMs = 0;
  const latencies: number[] = [];
  const violations = new Map<string, { count: number; readonly example: string }>();
  const violation = (kind: string, what: string, example: string): void => {
    const key = `${kind}: ${what}`;
    const known = violations.get(key);
    if (known) known.count += 1;
    else violations.set(key, { count: 1, example: example.slice(0, 500) });
  };

  /** @returns null where the connection broke */
  const ask = async (url: string, who: Tenant, query: string, variables: Readonly<Record<string, unknown>> = {}) => {
    const token = tokenOf(who);
    const at = performance.now();
    try {
      const response = await request(`${url}/graphql`, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/json', ...(token === null ? null : { authorization: `Bearer ${token}` }), ...(who.purpose === null ? null : { 'x-purpose': who.purpose }) },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(DEADLINE_MS + SLACK_MS),
      });
      const text = await response.body.text();
      const after = response.headers['retry-after'];
      return { status: response.statusCode, retryAfter: typeof after === 'string' ? after : null, text, ms: performance.now() - at };
    } catch (error) {
      const { name, code } = error as { name: string; code?: string };
      return { lost: name === 'TimeoutError' ? 'no answer by its deadline' : (code ?? name), ms: performance.now() - at };
    }
  };

  const underWay = new Set<Promise<void>>();
  const send = async (url: string, { kind, who, query, variables, expected, asksUnknown }: Question): Promise<void> => {
    const answer = await ask(url, who, query, variables);
    slowestMs = Math.max(slowestMs, answer.ms);
    if ('lost' in answer) {
      counts.lost += 1;
      if (!mayLose) violation(kind, `lost: ${answer.lost}`, query);
      return;
    }
    answered += 1;
    latencies.push(answer.ms);
    const verdict = judge(answer, expected, who, { asksUnknown, mayFailPlanning });
    if (verdict.outcome === 'wrong') violation(kind, verdict.what, `${who.name}: ${query} → ${answer.text}`);
    else counts[verdict.outcome] += 1;
  };

  // --- who writes: each write again with its key until it is acknowledged -------------------------------------------
  const writes: Write[] = [];
  const ending = new AbortController();
  const WRITE = 'mutation ($input: FileRecordsInput!) { fileRecords(input: $input) { __typename ... on RecordsFiled { rows { outcome problems { code } } } ... on DomainError { code message } } }';
  const write = async (): Promise<void> => {
    for (let number = 0; !ending.signal.aborted; number += 1) {
      const entry: Write = { token: `w${run}-${number}`, uscc: composeUscc('91330106', `MA${String(run % 100).padStart(2, '0')}${String(number).padStart(4, '0')}`), key: randomUUID(), acknowledged: false };
      writes.push(entry);
      const input = { idempotencyKey: entry.key, kind: 'name-list', rows: [rowOf({ uscc: entry.uscc, documentNo: `示监〔2026〕${entry.token}`, grounds: entry.token })] };
      for (let attempt = 0; !entry.acknowledged && !(ending.signal.aborted && attempt > 0); attempt += 1) {
        const answer = await ask(urls[(number + attempt) % urls.length] as string, CENTRE, WRITE, { input }); // there is one
        if ('lost' in answer) {
          counts.lost += 1;
          if (!mayLose) violation('write', `lost: ${answer.lost}`, entry.token);
        } else {
          const filed = parse(answer.text)?.data?.['fileRecords'] as { __typename: string; rows?: { outcome: string }[] } | null | undefined;
          if (filed?.__typename === 'RecordsFiled' && filed.rows?.every(({ outcome }) => outcome !== 'REJECTED')) entry.acknowledged = true;
          else if (filed) violation('write', `refused: ${filed.__typename}`, answer.text);
          else {
            const verdict = judge(answer, { fileRecords: {} }, CENTRE);
            if (verdict.outcome === 'wrong') violation('write', verdict.what, answer.text);
          }
        }
        await pause(entry.acknowledged ? 250 : 500);
      }
    }
  };

  // --- who follows: each comes back with its last cursor, and has to have every acknowledged write at the end ---------
  const SELECTION = '__typename ... on NameListChange { cursor kind entry { grounds } } ... on Checkpoint { cursor }';
  interface Change {
    readonly __typename: string;
    readonly cursor: string;
    readonly kind?: string;
    readonly entry?: { readonly grounds: string } | null;
  }
  const following = new AbortController();
  const followers: { readonly name: string; readonly seen: Set<string> }[] = [];
  const take = (name: string, seen: Set<string>, change: Change | null | undefined, whole: unknown): string | null => {
    if (!change) {
      const [error] = (whole as { errors?: { extensions?: { code?: string } }[] }).errors ?? [];
      violation(name, `a message without its event: ${error?.extensions?.code}`, JSON.stringify(whole));
      return null;
    }
    if (change.__typename === 'NameListChange') {
      counts.events += 1;
      if (!change.entry && change.kind !== 'REMOVED') violation(name, 'an event without its content', JSON.stringify(whole));
      else if (change.entry) seen.add(change.entry.grounds);
    }
    return change.cursor;
  };
  const begin = async (): Promise<string | null> => {
    for (let turn = 0; !following.signal.aborted; turn += 1) {
      const answer = await ask(urls[turn % urls.length] as string, PUBLIC, '{ nameListChanges(filter: {}, first: 100) { endCursor hasMore } }');
      const page = 'lost' in answer ? null : (parse(answer.text)?.data?.['nameListChanges'] as { endCursor: string } | null | undefined);
      if (page) return page.endCursor;
      await pause(200);
    }
    return null;
  };
  const SUBSCRIPTION = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${SELECTION} } }`;
  const follow = async (name: string, index: number, once: (url: string, after: string | null, keep: (cursor: string) => void, seen: Set<string>) => Promise<void>): Promise<void> => {
    const seen = new Set<string>();
    followers.push({ name, seen });
    let cursor = await begin();
    for (let turn = index; !following.signal.aborted; turn += 1) {
      await once(urls[turn % urls.length] as string, cursor, (next) => (cursor = next), seen).catch(() => {});
      await pause(200 + 100 * (turn % 3));
    }
  };
  const overWebSocket = async (url: string, after: string | null, keep: (cursor: string) => void, seen: Set<string>): Promise<void> => {
    const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0, connectionAckWaitTimeout: 5000, keepAlive: 5000 });
    const stop = (): void => void client.terminate();
    following.signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const message of client.iterate<{ nameListChanges: Change }>({ query: SUBSCRIPTION, variables: { after } })) {
        const cursor = take('graphql-ws', seen, message.data?.nameListChanges, message);
        if (cursor === null) return;
        keep(cursor);
      }
    } finally {
      following.signal.removeEventListener('abort', stop);
      await client.dispose();
    }
  };
  const overSse = async (url: string, after: string | null, keep: (cursor: string) => void, seen: Set<string>): Promise<void> => {
    await using stream = await followBySse(url, null, SUBSCRIPTION, { variables: { after } });
    const stop = (): void => void stream[Symbol.asyncDispose]();
    following.signal.addEventListener('abort', stop, { once: true });
    for (;;) {
      const message = await stream.next();
      const cursor = take('sse', seen, message.data?.['nameListChanges'] as Change | undefined, message);
      if (cursor === null) return;
      keep(cursor);
    }
  };
  const byPages = async (url: string, after: string | null, keep: (cursor: string) => void, seen: Set<string>): Promise<void> => {
    const answer = await ask(url, PUBLIC, `query ($after: Cursor) { nameListChanges(filter: {}, first: 50, after: $after) { endCursor events { ${SELECTION} } } }`, { after });
    if ('lost' in answer) return;
    const page = parse(answer.text)?.data?.['nameListChanges'] as { endCursor: string; events: Change[] } | null | undefined;
    if (!page) {
      const verdict = judge(answer, { nameListChanges: {} }, PUBLIC);
      if (verdict.outcome === 'wrong') violation('page', verdict.what, answer.text);
      return;
    }
    for (const change of page.events) take('page', seen, change, page);
    keep(page.endCursor);
  };

  const generate = async (): Promise<void> => {
    const startedAt = performance.now();
    for (let number = 0; !ending.signal.aborted; number += 1) {
      const due = startedAt + (number * 1000) / RATE;
      await pause(Math.max(0, due - performance.now()));
      if (underWay.size >= MAX_UNDER_WAY) {
        counts.skipped += 1;
        continue;
      }
      const question = (MIX[number % MIX.length] as (typeof MIX)[number])(number, run);
      const sending: Promise<void> = send(urls[Math.floor(number / MIX.length) % urls.length] as string, question).finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
  };
  const working: Promise<void>[] = [];
  const listening: Promise<void>[] = [];

  return {
    start() {
      working.push(generate(), write());
      listening.push(follow('graphql-ws', 0, overWebSocket), follow('sse', 1, overSse), follow('page', 0, byPages));
    },
    answered: () => answered,
    async isWhole() {
      for (const [index, url] of urls.entries()) {
        for (const { who, query, variables, expected, asksUnknown } of [file(index), batch(index + 1), search(index), list(index)]) {
          const answer = await ask(url, who, query, variables);
          if ('lost' in answer || judge(answer, expected, who, { asksUnknown }).outcome !== 'right') return false;
        }
      }
      return true;
    },
    async stop() {
      ending.abort();
      await Promise.all([...working, ...underWay]);
      const acknowledged = writes.filter((each) => each.acknowledged);
      const deadline = performance.now() + DRAIN_MS;
      const hasAll = (seen: ReadonlySet<string>): boolean => acknowledged.every(({ token }) => seen.has(token));
      while (performance.now() < deadline && !followers.every(({ seen }) => hasAll(seen))) await pause(100);
      following.abort();
      await Promise.all(listening);
      for (const { name, seen } of followers) {
        const missed = acknowledged.filter(({ token }) => !seen.has(token));
        if (missed.length > 0) violation(name, 'changes that never came', `${missed.length} of ${acknowledged.length}: ${missed.slice(0, 5).map(({ token }) => token).join(' ')}`);
      }
      const rows = await cluster.sql('select uscc, count(distinct record_id)::int as records, max(version)::int as versions from namelist.entry where uscc = any($1) group by uscc', [writes.map(({ uscc }) => uscc)]);
      const stored = new Map(rows.map(({ uscc, records, versions }) => [uscc, { records: Number(records), versions: Number(versions) }]));
      for (const { uscc, token, acknowledged: done } of writes) {
        const there = stored.get(uscc);
        if (done && !there) violation('write', 'acknowledged and not in the database', token);
        if (there && (there.records !== 1 || there.versions !== 1)) violation('write', 'recorded more than once', `${token}: ${JSON.stringify(there)}`);
      }
      await agent.destroy();
      const p99Ms = latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? 0;
      return { ...counts, slowestMs, p99Ms, writes: { acknowledged: acknowledged.length, uncertain: writes.length - acknowledged.length }, violations };
    },
  };
}

function parse(text: string): { data?: Record<string, unknown> | null } | null {
  try {
    return JSON.parse(text) as { data?: Record<string, unknown> | null };
  } catch {
    return null;
  }
}
