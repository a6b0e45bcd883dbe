import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { raisedLimits } from '#gateway/graph/limits.ts';
import { createPool, type Pool } from '#kit/postgres/pool.ts';
import { createSweep, type Sweep } from '#records/retention.ts';
import { createRuleStore } from '#records/ruleStore.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { composeUscc } from '#standards/uscc.ts';
import { erasable } from '#subgraphs/disclosure/retention.ts';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import {
  acts,
  type Command,
  createModel,
  type Flaw,
  flaws,
  levels,
  type Model,
  type Reader,
  readers,
  type Statement,
  textOf,
} from './model.ts';

// Random filings, corrections, withdrawals, erasures and moves of the clock, through the public API; then every reader
// asks for every past instant and for days before and after each act, and receives what the model says: lists, counts,
// pages, records by id, histories.
//
// A failure prints its seed and the shortest run of commands. For more runs than CI has: raise RUNS (each takes a
// second) or change SEED, and `npm test -- test/graph/time/model.test.ts`.
const SEED = 20261125;
const RUNS = 12;

const unit = organisationOf('DETERMINING_UNIT').organisation;
const first = shanghaiDay(new Date());
/** Days for which readers ask: before any act, between acts, after all. From the first day. */
const askedDays = [-161, -145, -61, 0] as const;

let graph: TestGraph;
let clock: Date;
let pool: Pool;
let sweep: Sweep;
beforeAll(async () => {
  graph = await startGraph({ now: () => clock, limits: raisedLimits });
  await register(graph, 'disclosure', unit, ['penalty', 'licence']);
  pool = createPool({
    url: graph.database.url,
    role: 'credit_disclosure',
    applicationName: 'sweep',
    max: 2,
    statementTimeoutMs: 5000,
  });
  sweep = createSweep({ pool, rules: createRuleStore(pool), now: () => clock }, erasable);
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await graph[Symbol.asyncDispose]();
});
/** At noon in Shanghai. */
const turnTo = (day: string): void => void (clock = new Date(`${day}T04:00:00.000Z`));
turnTo(first);

const stated: fc.Arbitrary<Statement> = fc.record({
  level: fc.constantFrom(...levels, 'PUBLIC' as const),
  until: fc.constantFrom(5, 40, 200),
  text: fc.constantFrom(1, 2),
});
const act = fc.nat(acts.length - 1);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .uniqueArray(fc.record({ act, statement: stated }), { minLength: 1, maxLength: 4, selector: (row) => row.act })
      .map((rows): Command => ({ do: 'file', rows })),
  },
  { weight: 1, arbitrary: fc.constant<Command>({ do: 'refile' }) },
  { weight: 2, arbitrary: act.map((each): Command => ({ do: 'withdraw', act: each })) },
  { weight: 2, arbitrary: fc.constantFrom(1, 6, 45, 300).map((days): Command => ({ do: 'pass', days })) },
  { weight: 1, arbitrary: fc.constant<Command>({ do: 'sweep' }) },
);

/** Every other run has years in it, after which something is erased, and goes on. */
const years: readonly Command[] = [{ do: 'pass', days: 2100 }, { do: 'sweep' }];
const commandsOfRun = fc
  .tuple(
    fc.array(command, { minLength: 3, maxLength: 6 }),
    fc.constantFrom([], years),
    fc.array(command, { minLength: 1, maxLength: 4 }),
  )
  .map((parts): readonly Command[] => parts.flat());

const levelNames = { PUBLIC: '社会公开', GOV_SHARED: '政务共享', RESTRICTED: '授权查询', INTERNAL: '内部' };

function rowOf(index: number, { level, until, text }: Statement, { day }: Model, uscc: Codes): Cells {
  // Commands speak of acts that there are.
  const { subject, type, decided, valid } = acts[index] as (typeof acts)[number];
  const decidedOn = day(decided);
  if (type === 'AdministrativeLicence')
    return {
      XK_XDR_MC: '示例有限公司',
      XK_XDR_SHXYM: uscc[subject],
      XK_XKWS: '示例许可',
      XK_WSH: `示许〔2026〕${index}号`,
      XK_XKLB: '普通',
      XK_NR: textOf(text),
      XK_JDRQ: decidedOn,
      XK_YXQZ: decidedOn,
      XK_YXQZI: day(until),
      XK_XKJG: '示例机关',
      XK_XKJGDM: unit,
      XK_ZT: '有效',
      XK_LYDW: '示例机关',
      XK_LYDWDM: unit,
      XK_SYFW: levelNames[level],
    };
  return {
    CF_XDR_MC: '示例有限公司',
    CF_XDR_SHXYM: uscc[subject],
    CF_WSH: `示罚〔2026〕${index}号`,
    CF_WFXW: '示例',
    CF_SY: '示例',
    CF_YJ: '示例',
    CF_CFLB: '罚款',
    CF_NR: textOf(text),
    CF_NR_FK: '1',
    CF_JDRQ: decidedOn,
    CF_YXQ: valid === null ? '2099/12/31' : day(valid),
    CF_GSJZQ: day(until),
    CF_LXRQ: decidedOn,
    CF_CFJG: '示例机关',
    CF_CFJGDM: unit,
    CF_SJLY: '示例机关',
    CF_SJLYDM: unit,
    CF_SYFW: levelNames[level],
  };
}

const SHOWN = 'id version disclosureLevel ... on AdministrativeAct { content }';
const HISTORY = 'history(first: 50) { nodes { version supersededAt erasedAt withdrawnOn content { name value } } }';
const asked = askedDays.flatMap((validAt) => [
  ...(['near', 'far'] as const).map((subject) => ({
    key: `${subject}${askedDays.indexOf(validAt)}`,
    validAt,
    subject,
  })),
  ...acts.map((_, each) => ({ key: `act${each}at${askedDays.indexOf(validAt)}`, validAt, act: each })),
]);
const EVERYTHING = `query (
  $near: USCC!, $far: USCC!, $knownAt: DateTime!, ${askedDays.map((_, i) => `$v${i}: Date!`).join(', ')},
  ${acts.map((_, i) => `$id${i}: ID!`).join(', ')}
) {
  ${asked
    .map((each) => {
      const at = `validAt: $v${askedDays.indexOf(each.validAt)}, knownAt: $knownAt`;
      return 'subject' in each
        ? `${each.key}: creditFile(uscc: $${each.subject}, ${at}) {
          administrativeActs(first: 100) { nodes { ${SHOWN} } totalCount { value } }
        }`
        : `${each.key}: record(id: $id${each.act}, ${at}) { ${SHOWN} ${HISTORY} }`;
    })
    .join('\n  ')}
}`;
const PAGE = `query ($uscc: USCC!, $knownAt: DateTime!, $validAt: Date!, $after: Cursor) {
  creditFile(uscc: $uscc, knownAt: $knownAt, validAt: $validAt) {
    administrativeActs(first: 1, after: $after) { nodes { id version } pageInfo { hasNextPage endCursor } }
  }
}`;

interface GivenRecord {
  readonly history: {
    readonly nodes: readonly {
      version: number;
      supersededAt: string | null;
      erasedAt: string | null;
      withdrawnOn: string | null;
      content: { name: string; value: string }[] | null;
    }[];
  } | null;
}

/** A record as the model says it: of a history what the model has of it. */
const recordGiven = (record: GivenRecord | null) =>
  record && {
    ...record,
    history:
      record.history?.nodes.map(({ version, supersededAt, erasedAt, withdrawnOn, content }) => ({
        version,
        superseded: supersededAt !== null,
        erased: erasedAt !== null,
        content: content?.find(({ name }) => name === 'content')?.value ?? null,
        withdrawnOn,
      })) ?? null,
  };

/** A run: its model, and what readers get after it, for each instant, by reader and what was asked. */
interface Ran {
  readonly model: Model;
  readonly given: readonly {
    readonly known: number;
    readonly reader: Reader;
    readonly key: string;
    readonly value: unknown;
  }[];
}

let runs = 0;
/** Does what the commands say, by the product and by the model, and reads everything at each instant. */
async function run(commands: readonly Command[]): Promise<Ran> {
  turnTo(first);
  const uscc = {
    near: composeUscc('91330106', `MA${String(++runs).padStart(4, '0')}N0`),
    far: composeUscc('91440305', `MA${String(runs).padStart(4, '0')}F0`),
  };
  const model = createModel(first, uscc);
  for (const each of Object.values(uscc)) await know(graph, each);
  await graph.sql(
    `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
      values ($1, $2, 'SUBJECT', now() - interval '1 minute', 'test')`,
    [randomUUID(), uscc.near],
  );
  const instants = await performAll(commands, model, uscc);
  const given = await readEverything(model, uscc, instants);
  await expectPagesToGiveTheList(model, uscc.near, instants);
  return { model, given };
}

type Codes = Record<'near' | 'far', string>;

/** A model's subject asks with a token of its own, which is good at the test's clock. */
async function ask(
  near: string,
  reader: Reader,
  text: string,
  variables: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const iat = Math.floor(clock.getTime() / 1000);
  const options =
    reader === 'SUBJECT'
      ? {
          token: graph.issuer.token(
            { role: 'SUBJECT', organisation: near, purposes: ['OWN_FILE'] },
            { payload: { iat, exp: iat + 600 } },
          ),
        }
      : {};
  const { body, text: bytes } = await graph.query(reader, text, variables, options);
  if (!body.data) throw new Error(bytes);
  return body.data;
}

const seal = async (): Promise<string> => {
  await graph.gateway.sources.refresh();
  return graph.gateway.sources.sealed();
};

/** Performs commands one after another. @returns an instant before the first and after each */
async function performAll(commands: readonly Command[], model: Model, uscc: Codes): Promise<string[]> {
  const instants = [await seal()];
  for (const [index, each] of commands.entries()) {
    const version = each.do === 'withdraw' ? model.versionOf(each.act) : 0;
    const expected = model.run(each, index + 1);
    expect(await perform(each, model, uscc, version)).toEqual(expected);
    for (const { record_id, document_no } of await graph.sql(
      `select distinct record_id, document_no from disclosure.act where uscc = any($1) and document_no <> ''`,
      [Object.values(uscc)],
    ))
      model.knowId(Number(/(\d)号$/.exec(String(document_no))?.[1]), String(record_id));
    const sealed = await seal();
    // The very instant of the command's last version, where it recorded one: the edge between it and the one before.
    const [{ edge } = {}] = await graph.sql(
      `select max(recorded_at) as edge from disclosure.act where uscc = any($1) and recorded_at > $2`,
      [Object.values(uscc), instants.at(-1)],
    );
    instants.push(edge instanceof Date ? edge.toISOString() : sealed);
  }
  return instants;
}

/** What each reader gets of everything, at each instant. */
async function readEverything(model: Model, uscc: Codes, instants: readonly string[]): Promise<Ran['given']> {
  const given: { known: number; reader: Reader; key: string; value: unknown }[] = [];
  for (const [known, knownAt] of instants.entries()) {
    const variables = {
      ...uscc,
      knownAt,
      ...Object.fromEntries(askedDays.map((each, i) => [`v${i}`, model.day(each)])),
      ...Object.fromEntries(acts.map((_, i) => [`id${i}`, model.idOf(i)])),
    };
    for (const reader of readers) {
      const data = await ask(uscc.near, reader, EVERYTHING, variables);
      for (const each of asked)
        given.push({
          known,
          reader,
          key: each.key,
          value:
            'subject' in each
              ? (data[each.key] as { administrativeActs: unknown }).administrativeActs
              : recordGiven(data[each.key] as GivenRecord | null),
        });
    }
  }
  return given;
}

/** Pages of one give the list, cut by the same rights. */
async function expectPagesToGiveTheList(model: Model, near: string, instants: readonly string[]): Promise<void> {
  const [known, knownAt] = [instants.length - 1, instants.at(-1)];
  for (const reader of readers) {
    const paged: unknown[] = [];
    for (let after: string | null = null, more = true; more;) {
      const data = (await ask(near, reader, PAGE, { uscc: near, knownAt, validAt: model.day(0), after })) as {
        creditFile: {
          administrativeActs: { nodes: unknown[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
        };
      };
      const { nodes, pageInfo } = data.creditFile.administrativeActs;
      paged.push(...nodes);
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect([reader, paged]).toEqual([
      reader,
      model.file(reader, 'near', known, 0).nodes.map(({ id, version }) => ({ id, version })),
    ]);
  }
}

/** Through the API; returns what the model returns for it. */
async function perform(each: Command, model: Model, uscc: Codes, expectedVersion: number): Promise<unknown> {
  switch (each.do) {
    case 'file':
    case 'refile': {
      const rows = model.filedRows();
      const outcome = { added: 0, corrected: 0, unchanged: 0 };
      for (const [kind, type] of [
        ['penalty', 'AdministrativePenalty'],
        ['licence', 'AdministrativeLicence'],
      ] as const) {
        const own = rows.filter((row) => acts[row.act]?.type === type);
        if (own.length === 0) continue;
        const receipt = await graph.file(kind, lines(own.map((row) => rowOf(row.act, row.statement, model, uscc))), {
          format: 'NDJSON',
        });
        for (const what of ['added', 'corrected', 'unchanged'] as const) outcome[what] += Number(receipt[what]);
      }
      return outcome;
    }
    case 'withdraw': {
      const input = {
        idempotencyKey: randomUUID(),
        recordId: model.idOf(each.act),
        expectedVersion,
        reason: '复议撤销',
        documentNo: '示复〔2026〕1号',
        revokedOn: shanghaiDay(clock),
      };
      const { body, text } = await graph.query(
        'DETERMINING_UNIT',
        `mutation ($input: WithdrawRecordInput!) {
          withdrawRecord(input: $input) { __typename ... on DomainError { code } }
        }`,
        { input },
      );
      const result = body.data?.['withdrawRecord'] as { __typename: string; code?: string } | null;
      if (!result) throw new Error(text);
      return result.code ?? 'done';
    }
    case 'pass':
      turnTo(model.today());
      return null;
    case 'sweep':
      await sweep();
      return undefined;
  }
}

/** What of the answers is not as the model, or a flawed one, says. */
const differences = ({ model, given }: Ran, flaw: Flaw | null = null) =>
  given.flatMap(({ known, reader, key, value }) => {
    const each = asked.find((one) => one.key === key) as (typeof asked)[number]; // made of it
    const expected =
      'subject' in each
        ? model.file(reader, each.subject, known, each.validAt, flaw)
        : model.record(reader, each.act, known, each.validAt, flaw);
    return isEqual(value, expected) ? [] : [{ known, reader, validAt: each.validAt, key, value, expected }];
  });

function isEqual(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}

test('after any filings, corrections, withdrawals and erasures readers get what the model has', async () => {
  await fc.assert(
    fc.asyncProperty(commandsOfRun, async (commands) => {
      expect(differences(await run(commands))).toEqual([]);
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: false },
  );
}, 3_600_000);

const published: Statement = { level: 'PUBLIC', until: 200, text: 1 };
/**
 * Something of everything: a correction, levels that are raised and lowered, an end of publication, a withdrawal, an
 * erasure.
 */
const eventful: readonly Command[] = [
  { do: 'file', rows: [0, 1, 2, 3].map((each) => ({ act: each, statement: published })) },
  {
    do: 'file',
    rows: [
      { act: 0, statement: { ...published, text: 2 } },
      { act: 1, statement: { ...published, level: 'INTERNAL' } },
      { act: 3, statement: { ...published, until: 5 } },
    ],
  },
  { do: 'file', rows: [{ act: 1, statement: published }] },
  { do: 'withdraw', act: 2 },
  { do: 'pass', days: 45 },
];
const erasing: readonly Command[] = [...eventful, { do: 'pass', days: 1900 }, { do: 'sweep' }];

test.each(flaws)('an answer that %s would be found', async (flaw) => {
  const ran = await run(flaw === 'shows what was erased' ? erasing : eventful);
  expect(differences(ran)).toEqual([]);
  expect(differences(ran, flaw).length).toBeGreaterThan(0);
});
