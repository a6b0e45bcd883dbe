import { randomUUID } from 'node:crypto';
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  getNamedType,
  type GraphQLSchema,
  type IntrospectionQuery,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { decodeId, encodeId } from '#records/record.ts';
import { type Role, roles } from '#policy/roles.ts';
import { syntheticUnit } from '#standards/demoOrganisations.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf } from '#test/support/graph.ts';
import { numbered } from '#test/support/listings.ts';
import { lines } from '#test/support/registered.ts';
import { type Receiver, startReceiver } from '#test/support/receivers.ts';
import { followByWebSocket } from '#test/support/streams.ts';
import { until } from '#test/support/until.ts';
import {
  columns,
  fielded,
  fieldOf,
  fieldsOf,
  inputs,
  lineOf,
  listDepth,
  outcomeOf,
  pathsFor,
  schema,
  type Step,
  table,
} from './coordinates.ts';
import { filterUses, filterValues, mutationInputs, within } from './inputValues.ts';
import {
  type Answer,
  bodyOf,
  dataOf,
  firms,
  followed,
  formOf,
  hidden,
  type PlaceName,
  placeNames,
  shadow,
  shadowName,
  sites,
  startWorld,
  unknown,
  type Viewer,
  viewerOf,
  viewers,
  type World,
} from './world.ts';
import { purposesOf } from '#test/support/purposes.ts';
import { operatorsOf } from '#test/support/trusted.ts';

// Every field, argument and input field × every role, through the public API, against the committed docs/VISIBILITY.md:
// what the document says is what happens. It is generated from what the policy reads; this test asks the running graph.

let world: World;
/** Of each role that files: a filing of its own that is completed. */
const filingOf = new Map<Role, string>();
let grant = '';
/** Of each role that withdraws a record: one that it decided. */
const recordOf = new Map<Role, string>();
const conflictOf = new Map<Role, string>();
/** Of each role that verifies, and of the subject that withdraws: a declared item of its own. */
const itemOf = new Map<Role, { id: string; version: number }>();
/** Of each role that changes lists: entries that it decided, and what another person of its organisation proposed. */
const listingOf = new Map<Role, { remove: string; correct: string; decide: string }>();
/** Of each role that follows changes: what is its own. */
const followingOf = new Map<Role, { watchlist: string; webhook: string; paused: string; export: string }>();
/**
 * For each role that reads changes: positions in the log before the events to deliver, and one that is no longer kept.
 */
const cursorOf = new Map<string, string>();
let receiver: Receiver;
/** A consent of the subject, to be taken back. */
let consent = '';
/** Changes of the rules that another person proposed: one for each decision. */
const changes = { approveRuleChange: '', rejectRuleChange: '' };
/**
 * Manifests of documents that another operator proposed: one to be published, and one that was and is to be withdrawn.
 */
const manifests = { confirmDocuments: '', withdrawDocuments: '' };
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  receiver = stack.use(await startReceiver());
  world = stack.use(await startWorld({ webhookTargets: 'any' }));
  for (const role of mayDo.createFiling) await fileSomething(role);
  filingOf.set('AUDITOR', filingOf.get('NATIONAL_CENTRE') ?? '');
  await declareSomething();
  await publishSomething();
  await listSomething();
  await consentToSomething();
  await proposeSomething();
  await trustSomething();
  await replaceSomething();
  await registerSomething();
  for (const place of ['near', 'far'] as const) {
    const [row] = await world.graph.sql(
      `select record_id
        from disclosure.act
        where uscc = $1 and kind = 'LICENCE' and disclosure_level = 'PUBLIC' and withdrawn_on is null
          and current_date between public_from and public_until and record_id <> all($2::uuid[])
        order by record_id
        limit 1`,
      [sites[place].uscc, [...recordOf.values()].map((id) => decodeId(id)?.recordId)],
    ); // not one that is withdrawn on the way
    publishedAt[place] = encodeId('AdministrativeLicence', sites[place].uscc, String(row?.['record_id']));
  }
  const granted = await mutate(
    'OPERATOR',
    `grantRole(input: ${inputOf('OPERATOR', 'grantRole')}) { ... on RoleGranted { grant { id } } }`,
  );
  grant = (granted['grantRole'] as { grant: { id: string } }).grant.id;
  await disputeSomething();
  await followSomething();
}, 300_000);
afterAll(() => stack.disposeAsync());

// What may be done, and by whom; an auditor reads any filing and grant, and makes none.
const replacementOf = new Map<Role, string>();
const publishedAt: Record<PlaceName, string> = { near: '', far: '' };

const following = [
  'createWatchlist',
  'addToWatchlist',
  'removeFromWatchlist',
  'createExport',
  'cancelExport',
  'createWebhook',
  'pauseWebhook',
  'resumeWebhook',
  'rotateWebhookSecret',
  'redeliverWebhook',
] as const;
const followers = roles.filter((role) => !['PUBLIC', 'RULE_KEEPER', 'OPERATOR'].includes(role));

const mayDo = {
  createFiling: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  completeFiling: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  confirmFiling: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  fileRecords: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  registerSourceUnits: ['PROVINCIAL_PLATFORM', 'NATIONAL_CENTRE'],
  closeFactConflict: ['PROVINCIAL_PLATFORM', 'NATIONAL_CENTRE'],
  grantRole: ['OPERATOR'],
  endGrant: ['OPERATOR'],
  revokeToken: ['OPERATOR'],
  declareInformation: ['SUBJECT'],
  verifyInformation: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  withdrawInformation: ['SUBJECT'],
  withdrawRecord: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  proposeListing: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  removeListing: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  correctListing: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  decideListing: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  createWatchlist: followers,
  addToWatchlist: followers,
  removeFromWatchlist: followers,
  createExport: followers,
  cancelExport: followers,
  createWebhook: followers,
  pauseWebhook: followers,
  resumeWebhook: followers,
  rotateWebhookSecret: followers,
  redeliverWebhook: followers,
  giveConsent: ['SUBJECT'],
  revokeConsent: ['SUBJECT'],
  proposeRuleChange: ['RULE_KEEPER'],
  approveRuleChange: ['RULE_KEEPER'],
  rejectRuleChange: ['RULE_KEEPER'],
  proposeDocuments: ['OPERATOR'],
  confirmDocuments: ['OPERATOR'],
  withdrawDocuments: ['OPERATOR'],
} as const satisfies Record<string, readonly Role[]>;
const isRefused = (role: Role, { on, field = '' }: Pick<Step, 'on' | 'field'>): boolean =>
  field !== '' && outcomeOf(`${on}.${field}`, role) === 'DENY';

test.each(Object.entries(mayDo))('%s is done by those who may, and by nobody else', (mutation, who) => {
  expect(roles.filter((role) => outcomeOf(`Mutation.${mutation}`, role) === 'ALLOW')).toEqual(
    roles.filter((role) => (who as readonly Role[]).includes(role)),
  );
});

async function mutate(role: Role, selection: string): Promise<Record<string, unknown>> {
  const { data } = bodyOf(await world.send(viewerOf[role], { name: 'arrange', query: `mutation { ${selection} }` }));
  if (!data) throw new Error(`${role}: ${selection}`);
  return data;
}

/**
 * A full replacement for each filing role, which waits to be confirmed: it has a refused row. The caller is not the
 * filer.
 */
async function replaceSomething(): Promise<void> {
  for (const role of mayDo.confirmFiling) {
    const created = await mutate(
      role,
      `createFiling(
          input: { idempotencyKey: "replaced", kind: "complaint", format: NDJSON, partsExpected: 1, mode: REPLACE }
        ) {
          ... on FilingCreated { filing { id } }
        }`,
    );
    const { id } = (created['createFiling'] as { filing: { id: string } }).filing;
    replacementOf.set(role, id);
    await fetch(`${world.graph.url}/filings/${id}/parts/1`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${world.tokenOf(viewerOf[role])}`, 'content-type': 'application/x-ndjson' },
      body: JSON.stringify({ TS_XDR_MC: '示例主体', TS_XDR_SHXYM: 'x', TS_BH: '1', TS_RQ: '2026/01/05' }),
    }).then((response) => response.arrayBuffer());
    await world.graph.sql(
      `update gateway.filing set created_by_actor = 'another', status = 'QUARANTINED', replacement = $2 where id = $1`,
      [id, emptyReplacement],
    );
  }
  // The completed filing that each role reads was one too.
  await world.graph.sql(`update gateway.filing set mode = 'REPLACE', replacement = $2 where id = any($1::uuid[])`, [
    [...filingOf.values()],
    emptyReplacement,
  ]);
}

const emptyReplacement = JSON.stringify({ standing: 0, missing: 0, ended: 0, at: '2026-09-18T00:00:00.000Z' });

async function registerSomething(): Promise<void> {
  const units = placeNames.map(
    (place) =>
      `{
        unit: "${sites[place].unit}", kind: "licence", name: "示例单位",
        province: "${sites[place].division.slice(0, 2)}", sector: "${place === 'near' ? 'F' : 'H'}"
      }`,
  );
  units.push(`{ unit: "${unitOf('SECTOR_REGULATOR')}", kind: "licence", name: "示例单位" }`);
  await mutate(
    'NATIONAL_CENTRE',
    `registerSourceUnits(input: { idempotencyKey: "registered", units: [${units.join(', ')}] }) { ` +
      '... on SourceUnitsRegistered { count } }',
  );
}

/** A regulator files its own records alone. */
const unitOf = (role: Role): string =>
  role === 'SECTOR_REGULATOR' ? organisationOf(role).organisation : sites.near.unit;
const licenceRow = (role: Role, documentNo: string): Record<string, string> => ({
  XK_XDR_MC: '示例主体',
  XK_XDR_SHXYM: hidden,
  XK_WSH: documentNo,
  XK_JDRQ: '2026/01/05',
  XK_LYDWDM: unitOf(role),
  XK_XDR_HYDM: sites.near.industry,
  XK_SYFW: '内部',
});

async function fileSomething(role: Role): Promise<void> {
  const created = await mutate(
    role,
    `createFiling(input: ${inputOf(role, 'createFiling')}) { ... on FilingCreated { filing { id } } }`,
  );
  const { id } = (created['createFiling'] as { filing: { id: string } }).filing;
  filingOf.set(role, id);
  const response = await fetch(`${world.graph.url}/filings/${id}/parts/1`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${world.tokenOf(viewerOf[role])}`, 'content-type': 'application/x-ndjson' },
    body: JSON.stringify(licenceRow(role, `${role}〔2026〕1号`)),
  });
  if (!response.ok) throw new Error(await response.text());
  await mutate(
    role,
    `completeFiling(input: ${inputOf(role, 'completeFiling')}) { ... on FilingCompleted { filing { id } } }`,
  );
}

/**
 * Items that the subjects near and far declare: verified and published ones to be seen, and for each role one to be
 * verified.
 */
async function declareSomething(): Promise<void> {
  const run = async (
    viewer: Parameters<World['send']>[0],
    success: string,
    selection: string,
  ): Promise<{ id: string; version: number }> => {
    const answer = await world.send(viewer, {
      name: 'arrange',
      query: `mutation { done: ${selection} { ... on ${success} { item { id version } } } }`,
    });
    const { done } = (bodyOf(answer).data ?? {}) as { done?: { item?: { id: string; version: number } } };
    if (!done?.item) throw new Error(answer.text);
    return done.item;
  };
  const declare = (place: PlaceName, itemNo: string) =>
    run(
      `subject ${place}`,
      'InformationDeclared',
      `declareInformation(input: { idempotencyKey: "${itemNo}", kind: WELFARE, itemNo: "${itemNo}", ` +
        `title: "示例", content: "示例", truthCommitment: true, verifier: "${sites[place].unit}", ` +
        `industryCode: "${sites[place].industry}", authorisation: { disclosureLevel: PUBLIC, purposes: ` +
        '["CREDIT_GRANTING"], until: "2090-01-01" } })',
    );
  const verify = (viewer: Parameters<World['send']>[0], { id, version }: { id: string; version: number }) =>
    run(
      viewer,
      'InformationVerified',
      `verifyInformation(input: { idempotencyKey: "${id}", id: "${id}", expectedVersion: ${version}, ` +
        'result: VERIFIED, evidence: "示例" })',
    );
  await verify('province 33', await declare('near', 'seen'));
  await verify('province 44', await declare('far', 'seen'));
  for (const role of mayDo.verifyInformation) itemOf.set(role, await declare('near', `for ${role}`));
  itemOf.set('SUBJECT', await declare('near', 'withdrawn'));
  await mutate('SUBJECT', `declareInformation(input: ${inputOf('SUBJECT', 'declareInformation')}) { __typename }`);
}

const toWithdraw = (id: string, more = ''): string =>
  `recordId: "${id}", expectedVersion: 1, reason: "示例${more}", documentNo: "示〔2026〕1号", revokedOn: "2026-09-18"`;

/**
 * A published licence each for those who withdraw one, which they decided; and one that the unit of each place has
 * withdrawn.
 */
async function publishSomething(): Promise<void> {
  const publish = async (place: PlaceName, unit: string, uscc = sites[place].uscc): Promise<string> => {
    const id = randomUUID();
    await world.graph.sql(
      `insert into disclosure.act (uscc, record_id, version, digest, source_unit, catalogue_code, collected_at,
          disclosure_level, public_from, public_until, province, sector, determining_unit, valid_from,
          recorded_at, content, kind, document_no, authority_name, decided_on)
       select $4, $1, 1, digest, $2, catalogue_code, collected_at, 'PUBLIC', '2026-01-05', '2090-01-01',
         province, sector, $2, '2026-01-05', recorded_at, '{}', kind, '示许〔2026〕1号', '示例单位', '2026-01-05'
       from disclosure.act
       where uscc = $3 and kind = 'LICENCE'
       limit 1`,
      [id, unit, sites[place].uscc, uscc],
    );
    return encodeId('AdministrativeLicence', uscc, id);
  };
  // On the file that is walked, acts of the unit near alone: what others decided is out of its reach.
  for (const role of mayDo.withdrawRecord)
    recordOf.set(
      role,
      await publish(
        'near',
        role === 'PROVINCIAL_PLATFORM' ? sites.near.unit : organisationOf(role).organisation,
        hidden,
      ),
    );
  for (const place of ['near', 'far'] as const) {
    const answer = await world.send(`unit ${place}`, {
      name: 'arrange',
      query: `mutation {
        withdrawRecord(
          input: { idempotencyKey: "noticed", ${toWithdraw(await publish(place, sites[place].unit))} }
        ) {
          __typename
        }
      }`,
    });
    if (!answer.text.includes('RecordWithdrawn')) throw new Error(answer.text);
  }
}

/** Conflicts about the entities of the walk, and for each role that decides one, about an act. */
async function disputeSomething(): Promise<void> {
  const open = async (records: string, kind: string, uscc: string, recordId: string, units: readonly string[]) => {
    const id = randomUUID();
    await world.graph.sql(
      `insert into conflict.fact_conflict (id, uscc, record_id, kind, province, fields, opened_at)
       values ($1, $2, $3, $4, '33', array['status'], now() - interval '1 minute')`,
      [id, uscc, recordId, kind],
    );
    for (const [index, unit] of units.entries())
      await world.graph.sql(
        `insert into conflict.side (uscc, conflict, source_unit, source_unit_name, province, version, recorded_at)
         values ($1, $2, $3, '示例单位', $4, $5, now() - interval '1 minute')`,
        [uscc, id, unit, unit.slice(2, 4), index + 1],
      );
    await world.graph.sql(
      `update ${records} set fact_conflict = $1 where uscc = $2 and record_id = $3 and superseded_at = 'infinity'`,
      [id, uscc, recordId],
    );
    return encodeId('FactConflict', uscc, id);
  };
  const [near, far] = [
    [sites.near.unit, organisationOf('SECTOR_REGULATOR').organisation],
    [sites.far.unit, syntheticUnit('44', 'MARKET').uscc],
  ];
  for (const [uscc, units] of [
    [sites.near.uscc, near],
    [sites.far.uscc, far],
    [shadow, far],
  ] as const) {
    const [state] = await world.graph.sql(
      `select record_id from entity.profile where uscc = $1 and superseded_at = 'infinity' limit 1`,
      [uscc],
    );
    await open('entity.profile', 'entity', uscc, String(state?.['record_id']), units);
  }
  const acts = await world.graph.sql(
    `select uscc, record_id from disclosure.act
     where uscc = $1 and superseded_at = 'infinity' and withdrawn_on is null and kind = 'LICENCE'
     order by record_id limit $2`,
    [sites.near.uscc, mayDo.closeFactConflict.length],
  );
  for (const [index, role] of mayDo.closeFactConflict.entries()) {
    const { uscc, record_id: recordId } = acts[index] as { uscc: string; record_id: string };
    const units = [sites.near.unit, syntheticUnit('33', 'MARKET').uscc];
    conflictOf.set(role, await open('disclosure.act', 'licence', uscc, recordId, units));
  }
}

const toList = (documentNo: string, more = ''): string =>
  `subject: "${hidden}", industryCode: "${sites.near.industry}", listType: "SAMR_SERIOUS", ` +
  `documentNo: "${documentNo}", authorityName: "示例机关", legalBasis: "示例依据", grounds: "示例${more}", ` +
  'listedOn: "2026-05-06", termUntil: "2090-01-01"';
const toRemove = (id: string, more = ''): string =>
  `recordId: "${id}", expectedVersion: 1, documentNo: "示移〔2026〕1号${more}", legalBasis: "示例", ` +
  'removedOn: "2026-09-18", reason: "CORRECTED"';

/**
 * On the file of `hidden` an entry each to be removed and to be corrected, and proposals of a second person: one to be
 * decided, an open one and a decided one to be seen.
 */
async function listSomething(): Promise<void> {
  for (const role of mayDo.proposeListing) {
    const { organisation, province, sector } = organisationOf(role);
    const token = world.graph.issuer.token({
      role,
      organisation,
      ...(province ? { province } : null),
      ...(sector ? { sector } : null),
      purposes: purposesOf(role),
      actor: '2',
    });
    const propose = async (mutation: 'proposeListing' | 'removeListing', input: string): Promise<string> => {
      const { body, text } = await world.graph.query(
        role,
        `mutation {
          done: ${mutation}(input: { idempotencyKey: "${randomUUID()}", ${input} }) {
            ... on ListingProposed { proposal { id } } ... on DomainError { code message }
          }
        }`,
        {},
        { token },
      );
      const { done } = (body.data ?? {}) as { done?: { proposal?: { id: string } } };
      if (!done?.proposal) throw new Error(text);
      return done.proposal.id;
    };
    const row = (number: number): Record<string, string> => ({
      MD_XDR_MC: '示例主体',
      MD_XDR_SHXYM: hidden,
      MD_XDR_HYDM: sites.near.industry,
      MD_LX: 'SAMR_SERIOUS',
      MD_WSH: `${role}〔2026〕${number}号`,
      MD_LRRQ: '2026/05/06',
      MD_LRSY: '示例',
      MD_FLYJ: '示例依据',
      MD_RDJG: '示例机关',
      MD_RDJGDM: organisation,
      MD_LYDW: '示例机关',
      MD_LYDWDM: organisation,
    });
    // Collected by another: what an authority files of a serious list itself waits for a second person.
    await world.graph.file('name-list', [1, 2, 3].map((number) => JSON.stringify(row(number))).join('\n'), {
      format: 'NDJSON',
      role: role === 'NATIONAL_CENTRE' ? 'PROVINCIAL_PLATFORM' : 'NATIONAL_CENTRE',
    });
    const entries = await world.graph.sql(
      `select record_id
        from namelist.entry
        where uscc = $1 and determining_unit = $2 and document_no = any($3)
        order by document_no`,
      [hidden, organisation, [1, 2, 3].map((number) => row(number)['MD_WSH'])],
    );
    const [remove = '', correct = '', seen = ''] = entries.map(({ record_id }) =>
      encodeId('NameListEntry', hidden, String(record_id)),
    );
    listingOf.set(role, { remove, correct, decide: await propose('proposeListing', toList(`${role}〔2026〕4号`)) });
    await propose('removeListing', toRemove(seen));
    const decided = await propose('proposeListing', toList(`${role}〔2026〕5号`));
    await mutate(
      role,
      `decideListing(input: { idempotencyKey: "seen", id: "${decided}", expectedVersion: 1, approve: true }) {
          __typename
        }`,
    );
    for (const mutation of ['proposeListing', 'removeListing', 'correctListing', 'decideListing'] as const)
      await mutate(role, `${mutation}(input: ${inputOf(role, mutation)}) { __typename }`);
  }
}

const untilSoon = new Date(Date.now() + 30 * 86_400_000).toISOString();

/**
 * Consents that everybody with an organisation gave or received, and that were taken back: they show no row. What the
 * subject has in force it gave to an entity that reads nothing.
 */
async function consentToSomething(): Promise<void> {
  for (const role of roles.filter((each) => each !== 'PUBLIC')) {
    const { organisation = organisationOf(role).organisation }: Viewer = viewers[viewerOf[role]];
    const [subject, grantee] = role === 'SUBJECT' ? [organisation, hidden] : [unknown, organisation];
    await world.graph.sql(
      `insert into consent.consent (id, subject, grantee, purpose, given_at, expires_at, revoked_at)
        values ($1, $2, $3, 'POST_LOAN', now() - interval '1 hour', now() + interval '1 hour', now())`,
      [randomUUID(), subject, grantee],
    );
  }
  const given = await mutate(
    'SUBJECT',
    `giveConsent(
        input: { idempotencyKey: "to revoke", grantee: "${hidden}", purpose: "POST_LOAN", until: "${untilSoon}" }
      ) {
        ... on ConsentGiven { consent { id } }
      }`,
  );
  consent = (given['giveConsent'] as { consent: { id: string } }).consent.id;
  await mutate('SUBJECT', `giveConsent(input: ${inputOf('SUBJECT', 'giveConsent')}) { __typename }`);
}

/** A firm in a province that is out of reach for all but those who see everything. */
const elsewhere = { ...firms.far, uscc: composeUscc('91450102', 'MA5EEE90') };
/**
 * The changes at each location: one record stays and one moves away to another sector; `shadow` shows nothing that a
 * role reaches.
 */
const filterOf: Record<Where, Record<string, readonly string[]>> = {
  near: { provinces: ['33'], sectors: ['F'] },
  far: { provinces: ['44'], sectors: ['H'] },
  shadow: { provinces: ['45'], sectors: ['H'] },
};
const changeFields = ['nameListChanges', 'evaluationChanges'] as const;

const readersOfChanges = roles.filter((role) => outcomeOf('Query.nameListChanges', role) !== 'DENY');

/** Rows of the same records; with `moved` the second of each subject is of another industry. */
const rowsOfChanges = (kind: (typeof followed)[number], change: string, moved: boolean): Record<string, string>[] =>
  [
    ...placeNames.map((place) => ({ site: firms[place], level: 'PUBLIC' as const })),
    { site: elsewhere, level: 'GOV_SHARED' as const },
  ].flatMap(({ site, level }) => [
    formOf(
      kind,
      site,
      level,
      '2026/05/11',
      (part) => `示例${part}${part === 'text' || part === 'source' ? change : ''}`,
      ['61', '99', '1', '2'],
    ),
    formOf(kind, { ...site, ...(moved ? { industry: '27' } : null) }, level, '2026/05/12', (part) => `示例移${part}`, [
      '62',
      '99',
      '1',
      '2',
    ]),
  ]);

async function fileChanges(change: string, moved: boolean): Promise<void> {
  await world.graph.file('name-list', lines(rowsOfChanges('entry', change, moved)), { format: 'NDJSON' });
  await world.graph.file('evaluation', lines(rowsOfChanges('evaluation', change, moved)), { format: 'NDJSON' });
  await numbered(world.graph);
}

const placeAfter = async (role: Role, field: string, filter: object, first: number): Promise<string> =>
  dataOf<{ endCursor: string }>(
    await world.send(viewerOf[role], {
      name: 'arrange',
      query: `{ ${field}(filter: ${literalOf(filter)}, first: ${first}) { endCursor } }`,
    }),
    field,
  ).endCursor;

/** Runs a mutation that makes or changes something, and gives its id. */
async function create(role: Role, mutation: string, input: string, selection: string): Promise<string> {
  const { done } = (await mutate(
    role,
    `done: ${mutation}(input: { idempotencyKey: "${randomUUID()}", ${input} }) { ... on ${selection} }`,
  )) as { done: Record<string, { id: string }> };
  return Object.values(done)[0]?.id ?? '';
}

/** Makes what a role follows changes by: a watchlist, webhooks, exports. */
async function followAs(role: Role): Promise<void> {
  followingOf.set(role, {
    watchlist: await create(role, 'createWatchlist', 'name: "示例"', 'WatchlistCreated { watchlist { id } }'),
    webhook: await create(
      role,
      'createWebhook',
      `url: "${receiver.url}", nameListChanges: {}`,
      'WebhookCreated { webhook { id } }',
    ),
    paused: await create(
      role,
      'createWebhook',
      `url: "${receiver.url}", evaluationChanges: {}`,
      'WebhookCreated { webhook { id } }',
    ),
    export: await create(role, 'createExport', 'nameListChanges: {}', 'ExportCreated { export { id } }'),
  });
  // Nobody listens there.
  await create(
    role,
    'createWebhook',
    'url: "http://127.0.0.1:9/", nameListChanges: {}',
    'WebhookCreated { webhook { id } }',
  );
  await create(role, 'pauseWebhook', `id: "${followingOf.get(role)?.paused}"`, 'WebhookChanged { webhook { id } }');
  const failed = await create(role, 'createExport', 'evaluationChanges: {}', 'ExportCreated { export { id } }');
  for (const mutation of following) await mutate(role, `${mutation}(input: ${inputOf(role, mutation)}) { __typename }`);
  await until(
    'an export is made',
    async () =>
      (
        await world.graph.sql(
          `update gateway.export
            set status = 'FAILED', failure = 'test'
            where id = $1 and status = 'COMPLETED'
            returning id`,
          [failed],
        )
      ).length === 1,
  );
}

/** Changes after a position in the log that each role knows, what follows them, and a position that is purged. */
async function followSomething(): Promise<void> {
  const { graph } = world;
  for (const role of readersOfChanges)
    cursorOf.set(`${role} expired`, await placeAfter(role, 'nameListChanges', {}, 1));
  const [known] = await graph.sql('select last_seq from feed.sequencer');
  await fileChanges('', false);
  for (const role of readersOfChanges)
    for (const [where, filter] of Object.entries(filterOf))
      for (const field of changeFields)
        cursorOf.set(`${role} ${field} ${where}`, await placeAfter(role, field, filter, 1000));
  for (const role of followers) await followAs(role);
  await graph.sql(
    'with purged as (delete from feed.log where seq <= $1) update feed.sequencer set purged_through = $1',
    [known?.['last_seq']],
  );
  await fileChanges('更正', true);
  const isDone = (text: string) => async () => (await graph.sql(text))[0]?.['is_done'] === true;
  await until(
    'every receiver has a notice, or is found to be away',
    isDone(
      `select bool_and(exists (select from gateway.webhook_delivery delivery
          where delivery.webhook = webhook.id)) as is_done
        from gateway.webhook
        where state = 'ACTIVE'`,
    ),
  );
  await until(
    'every export is made',
    isDone(`select bool_and(status in ('COMPLETED', 'FAILED')) as is_done from gateway.export`),
  );
}

const ruleSet = (id: string): string =>
  `{
    id: "${id}", kind: "WITHDRAWAL", name: "示例", source: "示例", effectiveFrom: "2090-01-01",
    values: [{ code: "WITHDRAW_WITHIN", number: 2, unit: "WORKING_DAYS" }]
  }`;

/** Changes that a second rule keeper proposed, and one that is approved. */
async function proposeSomething(): Promise<void> {
  const token = world.graph.issuer.token({
    role: 'RULE_KEEPER',
    organisation: organisationOf('RULE_KEEPER').organisation,
    actor: '2',
  });
  for (const mutation of ['approveRuleChange', 'rejectRuleChange'] as const) {
    const { body, text } = await world.graph.query(
      'RULE_KEEPER',
      `mutation {
        proposeRuleChange(
          input: { idempotencyKey: "${mutation}", action: ADD, ruleSet: ${ruleSet(`FOR-${mutation.toUpperCase()}`)} }
        ) {
          ... on RuleChangeProposed { change { id } }
        }
      }`,
      {},
      { token },
    );
    const { change } = (body.data?.['proposeRuleChange'] ?? {}) as { change?: { id: string } };
    if (!change) throw new Error(text);
    changes[mutation] = change.id;
  }
  await mutate(
    'RULE_KEEPER',
    `proposeRuleChange(input: ${inputOf('RULE_KEEPER', 'proposeRuleChange')}) { __typename }`,
  );
  await mutate(
    'RULE_KEEPER',
    `approveRuleChange(input: ${inputOf('RULE_KEEPER', 'approveRuleChange')}) { __typename }`,
  );
}

/** Documents that a second operator proposed, some published and withdrawn. */
async function trustSomething(): Promise<void> {
  const { propose } = operatorsOf(world.graph);
  for (const mutation of ['confirmDocuments', 'withdrawDocuments'] as const) {
    const { manifest } = await propose('2', 'PUBLIC', [
      { id: mutation, text: `query ${mutation} { purposes { code } }` },
    ]);
    manifests[mutation] = manifest?.id ?? '';
  }
  await mutate(
    'OPERATOR',
    `confirmDocuments(input: { idempotencyKey: "to be withdrawn", id: "${manifests.withdrawDocuments}" }) {
        __typename
      }`,
  );
  for (const mutation of ['proposeDocuments', 'confirmDocuments', 'withdrawDocuments'] as const)
    await mutate('OPERATOR', `${mutation}(input: ${inputOf('OPERATOR', mutation)}) { __typename }`);
}

type Mutation = keyof typeof mayDo;

/** What a mutation of the walk is wanted to answer. */
type Wanted = 'success' | 'Conflict' | 'InvalidInput';

interface MutationCall {
  readonly role: Role;
  readonly wanted: Wanted;
  /** The field of its key, which is the same for each call that is no nonsense. */
  readonly key: string;
}

/** Makes an id one of nothing, where nonsense is wanted. */
const wrong = (wanted: Wanted): string => (wanted === 'InvalidInput' ? 'x' : '');
/** Makes a text another, where an error is wanted. */
const other = (wanted: Wanted): string => (wanted === 'success' ? '' : 'x');

const itemsOfWatchlist = ({ key, role, wanted }: MutationCall): string =>
  `{
      ${key},
      id: "${followingOf.get(role)?.watchlist ?? ''}${wrong(wanted)}",
      codes: ["${firms.near.uscc}", "914403001922038217"${wanted === 'Conflict' ? ', "x"' : ''}]
    }`;

const ofWebhook = ({ key, role, wanted }: MutationCall): string =>
  `{ ${key}, id: "${followingOf.get(role)?.webhook ?? ''}${other(wanted)}" }`;

/**
 * Each mutation runs once for real, on something made for it, and is repeated with its key; other content under that
 * key, or nonsense, produces the errors.
 */
const mutationInput: Record<Mutation, (call: MutationCall) => string> = {
  createFiling: ({ key, wanted }) =>
    wanted === 'InvalidInput'
      ? `{ ${key}, kind: "nonsense", format: NDJSON, partsExpected: 1 }`
      : `{ ${key}, kind: "licence", format: NDJSON, partsExpected: ${wanted === 'success' ? 1 : 2} }`,
  completeFiling: ({ key, role, wanted }) => `{ ${key}, id: "${filingOf.get(role) ?? randomUUID()}${other(wanted)}" }`,
  confirmFiling: ({ key, role, wanted }) =>
    `{
      ${key}, id: "${replacementOf.get(role) ?? ''}${wrong(wanted)}",
      apply: ${wanted !== 'Conflict'}
    }`,
  fileRecords: ({ key, role, wanted }) =>
    wanted === 'InvalidInput'
      ? `{ ${key}, kind: "nonsense", rows: [{}] }`
      : `{
        ${key}, kind: "licence",
        rows: [{ XK_WSH: "示例${other(wanted)}" }, ${literalOf(licenceRow(role, `${role}〔2026〕2号`))}]
      }`,
  registerSourceUnits: ({ key, wanted }) =>
    `{
      ${key},
      units: [{
        unit: "${sites.near.unit}", kind: "${wanted === 'InvalidInput' ? 'nonsense' : 'inspection'}",
        province: "33"${wanted === 'Conflict' ? ', name: "x"' : ''}
      }]
    }`,
  closeFactConflict: ({ key, role, wanted }) =>
    `{ ${key}, id: "${conflictOf.get(role) ?? ''}${wrong(wanted)}", reason: "示例${other(wanted)}" }`,
  grantRole: ({ key, wanted }) =>
    `{
      ${key}, organisation: "${hidden}",
      role: "ASSESSOR${wanted === 'InvalidInput' ? 'S' : ''}"
      ${wanted === 'Conflict' ? 'to: "2090-01-01T00:00:00Z"' : ''}
    }`,
  endGrant: ({ key, wanted }) => `{ ${key}, id: "${grant || randomUUID()}${other(wanted)}" }`,
  declareInformation: ({ key, wanted }) =>
    `{
      ${key}, kind: OTHER, itemNo: "walk", title: "示例${other(wanted)}", content: "示例",
      truthCommitment: ${wanted !== 'InvalidInput'},
      authorisation: { purposes: [], until: "2090-01-01" }
    }`,
  verifyInformation: ({ key, role, wanted }) =>
    `{
      ${key}, id: "${itemOf.get(role)?.id ?? ''}${wrong(wanted)}",
      expectedVersion: ${itemOf.get(role)?.version ?? 1}, result: VERIFIED, evidence: "示例${other(wanted)}"
    }`,
  withdrawInformation: ({ key, role, wanted }) =>
    `{
      ${key}, id: "${itemOf.get(role)?.id ?? ''}${wrong(wanted)}",
      expectedVersion: ${itemOf.get(role)?.version ?? 1}${wanted === 'Conflict' ? '1' : ''}
    }`,
  withdrawRecord: ({ key, role, wanted }) =>
    `{ ${key}, ${toWithdraw(`${recordOf.get(role) ?? ''}${wrong(wanted)}`, other(wanted))} }`,
  proposeListing: ({ key, role, wanted }) =>
    `{
      ${key},
      ${toList(
        `${role}〔2026〕6号`,
        wanted === 'Conflict' ? 'x' : '',
      )}${wanted === 'InvalidInput' ? ', publicUntil: "2026-05-05"' : ''}
    }`,
  removeListing: ({ key, role, wanted }) =>
    `{
      ${key},
      ${toRemove(`${listingOf.get(role)?.remove ?? ''}${wrong(wanted)}`, other(wanted))}
    }`,
  correctListing: ({ key, role, wanted }) =>
    `{
      ${key},
      recordId: "${listingOf.get(role)?.correct ?? ''}${wrong(wanted)}",
      expectedVersion: 1, documentNo: "示更〔2026〕1号", legalBasis: "示例", changes: { grounds: "更正${other(wanted)}" }
    }`,
  decideListing: ({ key, role, wanted }) =>
    `{
      ${key},
      id: "${listingOf.get(role)?.decide ?? ''}${wrong(wanted)}",
      expectedVersion: 1, approve: ${wanted !== 'Conflict'}
    }`,
  createWatchlist: ({ key, wanted }) =>
    `{ ${key}, name: "${{ success: '示例', Conflict: 'x', InvalidInput: '' }[wanted]}" }`,
  addToWatchlist: itemsOfWatchlist,
  removeFromWatchlist: itemsOfWatchlist,
  createExport: ({ key, wanted }) =>
    `{
      ${key},
      ${{ success: 'nameListChanges: {}', Conflict: 'evaluationChanges: {}', InvalidInput: 'fields: "x"' }[wanted]}
    }`,
  cancelExport: ({ key, role, wanted }) => `{ ${key}, id: "${followingOf.get(role)?.export ?? ''}${other(wanted)}" }`,
  createWebhook: ({ key, wanted }) =>
    `{ ${key}, url: "${wanted === 'InvalidInput' ? 'x' : `${receiver.url}${other(wanted)}`}", nameListChanges: {} }`,
  pauseWebhook: ({ key, role, wanted }) => `{ ${key}, id: "${followingOf.get(role)?.paused ?? ''}${other(wanted)}" }`,
  resumeWebhook: ofWebhook,
  rotateWebhookSecret: ofWebhook,
  redeliverWebhook: ofWebhook,
  giveConsent: ({ key, wanted }) =>
    `{
      ${key}, grantee: "${hidden}",
      purpose: "${{ success: 'POST_LOAN', Conflict: 'CREDIT_GRANTING', InvalidInput: 'NONSENSE' }[wanted]}",
      until: "${untilSoon}"
    }`,
  revokeConsent: ({ key, wanted }) => `{ ${key}, id: "${consent}${wrong(wanted)}" }`,
  proposeRuleChange: ({ key, wanted }) =>
    `{
      ${key}, action: ADD,
      ruleSet: ${ruleSet({ success: 'WALK', Conflict: 'ANOTHER', InvalidInput: 'no code' }[wanted])}
    }`,
  approveRuleChange: ({ key, wanted }) => `{ ${key}, id: "${changes.approveRuleChange}${other(wanted)}" }`,
  rejectRuleChange: ({ key, wanted }) => `{ ${key}, id: "${changes.rejectRuleChange}${other(wanted)}" }`,
  proposeDocuments: ({ key, wanted }) =>
    `{
      ${key}, role: "${wanted === 'InvalidInput' ? 'NOBODY' : 'PUBLIC'}",
      documents: [{ id: "walk", text: "query Walk { purposes { code ${wanted === 'Conflict' ? 'name' : ''} } }" }]
    }`,
  confirmDocuments: ({ key, wanted }) => `{ ${key}, id: "${manifests.confirmDocuments}${other(wanted)}" }`,
  withdrawDocuments: ({ key, wanted }) => `{ ${key}, id: "${manifests.withdrawDocuments}${other(wanted)}" }`,
  revokeToken: ({ key, wanted }) => `{ ${key}, tokenId: "a token of nobody", reason: "walk${other(wanted)}" }`,
};

const inputOf = (role: Role, mutation: Mutation, wanted: Wanted = 'success'): string =>
  mutationInput[mutation]({
    role,
    wanted,
    key: `idempotencyKey: "${wanted === 'InvalidInput' ? randomUUID() : `walk ${role}`}"`,
  });

/**
 * The requested row: one in the viewer's reach, one out of it, or an entity about which everything is shared out of its
 * reach.
 */
type Where = PlaceName | 'shadow';

function argumentsOf(role: Role, on: string, name: string, where: Where, wanted?: string): string {
  const uscc = where === 'shadow' ? shadow : sites[where].uscc;
  const values: Record<string, string> = {
    uscc: `"${uscc}"`,
    codes: `["${uscc}", "914403001922038217"]`, // the second is no code: it says why
    scheme: name === 'resolveIdentifier' ? '"USCC"' : '"PUBLIC_CREDIT"',
    value: `"${uscc}"`,
    query: where === 'shadow' ? JSON.stringify(shadowName) : JSON.stringify(sites[where].name),
    filter:
      name === 'nameListChanges' || name === 'evaluationChanges'
        ? literalOf(wanted === 'CursorExpired' ? {} : filterOf[where])
        : '{}',
    after: JSON.stringify(
      cursorOf.get(wanted === 'CursorExpired' ? `${role} expired` : `${role} ${name} ${where}`) ?? null,
    ),
    first: '100',
    from: '"2026-09-18"',
    days: '7',
    decidedOn: '"2026-09-18"',
    duty: 'MANDATORY',
    region: '"33"',
    unit: `"${where === 'near' ? sites.near.unit : sites.far.unit}"`,
    item: '"LICENCE"',
    authority: `"${where === 'near' ? sites.near.unit : sites.far.unit}"`,
    month: where === 'near' ? '"2026-03"' : '"2026-04"',
    state: 'OVERDUE',
    outcome: 'SHORTENED',
    manifest: `"${manifests.withdrawDocuments}"`,
    id:
      name === 'documentManifest'
        ? JSON.stringify(manifests.withdrawDocuments)
        : name === 'record'
          ? JSON.stringify(publishedAt[where === 'near' ? 'near' : 'far'])
          : name === 'webhookDeliveries' || name === 'export'
            ? JSON.stringify(followingOf.get(role)?.[name === 'export' ? 'export' : 'webhook'] ?? randomUUID())
            : JSON.stringify(
                where === 'near' || role === 'AUDITOR'
                  ? (filingOf.get(role) ?? filingOf.get('NATIONAL_CENTRE'))
                  : world.filings.far,
              ),
    input:
      on === 'Mutation'
        ? inputOf(
            role,
            name as Mutation,
            wanted === 'Conflict'
              ? 'Conflict'
              : wanted === 'InvalidInput' || wanted === 'DomainError'
                ? 'InvalidInput'
                : 'success',
          )
        : '',
  };
  // Without a place, a page has none that has gone, and a stream begins with a checkpoint.
  const isAfter = (on === 'Query' && changeFields.some((field) => field === name)) || wanted === 'CursorExpired';
  // A province has a supplement to the catalogue.
  const given = fieldOf(on, name).args.filter(
    (argument) => isNonNullType(argument.type) || argument.name === 'region' || (argument.name === 'after' && isAfter),
  );
  return given.length === 0
    ? ''
    : `(${given.map((argument) => `${argument.name}: ${values[argument.name]}`).join(', ')})`;
}

function documentOf(role: Role, path: readonly Step[], selection: string, where: Where): string {
  const inner = path.reduceRight(
    (rest, { on, field, to }, index) =>
      field === undefined
        ? `... on ${to} { ${rest} }`
        : `${field}${argumentsOf(role, on, field, where, path[index + 1]?.to)} { __typename ${rest} }`,
    selection,
  );
  return `${path[0]?.on.toLowerCase()} { ${inner} }`;
}

const pathOf = (path: readonly Step[]): string[] =>
  path.flatMap(({ on, field }) =>
    field === undefined ? [] : [field, ...Array<string>(listDepth(fieldOf(on, field))).fill('@')],
  );

/** The objects at the end of a path. */
function objectsAt(data: unknown, path: readonly Step[]): Record<string, unknown>[] {
  let level: unknown[] = [data].filter(Boolean);
  for (const { field, to } of path) {
    if (field !== undefined) level = level.map((each) => (each as Record<string, unknown>)[field]).flat(2);
    level = level.filter(
      (each) => each !== null && each !== undefined && isOf(String((each as { __typename: string }).__typename), to),
    );
  }
  return level as Record<string, unknown>[];
}

function isOf(name: string, to: string): boolean {
  const [type, of] = [schema.getType(to), schema.getType(name)];
  return name === to || (isAbstractType(type) && isObjectType(of) && schema.isSubType(type, of));
}

const atPath = (path: readonly (string | number)[] | undefined): string =>
  (path ?? []).map((step) => (typeof step === 'number' ? '@' : step)).join('.');
const errorsOf = (answer: Answer): { code: string; at: string }[] =>
  (bodyOf(answer).errors ?? []).map(({ extensions, path }) => ({ code: String(extensions['code']), at: atPath(path) }));

type Verdict = 'denied' | 'given' | 'masked' | 'absent' | 'null';

function selectionOf(role: Role, on: string, names: readonly string[], where: Where): string {
  const fields = names.map((name) => {
    const to = getNamedType(fieldOf(on, name).type);
    return `${name}${argumentsOf(role, on, name, where)}${
      isCompositeType(to)
        ? ` {
      __typename${to.name.startsWith('Masked') ? ' masked' : ''}
    }`
        : ''
    }`;
  });
  // A stream has one field.
  return `${on === 'Subscription' ? '' : '__typename '}${on.startsWith('Masked') ? 'masked ' : ''}${fields.join(' ')}`;
}

const queryOf = (role: Role, on: string, names: readonly string[], path: readonly Step[], where: Where): string => {
  const selection = selectionOf(role, on, names, where);
  return path.length === 0 ? `${on.toLowerCase()} { ${selection} }` : documentOf(role, path, selection, where);
};

/** Roots are asked for few fields at once, a stream for one. */
const atOnce = (on: string, path: readonly Step[]): number => (on === 'Subscription' ? 1 : path.length === 0 ? 8 : 40);

/** A query or mutation, or the first event of a stream. */
const ask = (role: Role, on: string, query: string, headers: Record<string, string> = {}): Promise<Answer> =>
  world.send(viewerOf[role], {
    name: on,
    query,
    headers: { ...headers, ...(query.startsWith('subscription') ? { accept: 'text/event-stream' } : null) },
    ...(query.startsWith('subscription') ? { events: 1 } : null),
  });

/** What a role gets of the fields of a type at the end of a path; whatever else went wrong is in `others`. */
async function see(
  role: Role,
  on: string,
  names: readonly string[],
  path: readonly Step[],
  where: Where,
): Promise<{ verdicts: Map<string, Verdict>; others: { code: string; at: string }[]; query: string; status: number }> {
  const query = queryOf(role, on, names, path, where);
  const answer = await ask(role, on, query);
  const objects = objectsAt(bodyOf(answer).data, path);
  const errors = errorsOf(answer);
  const base = pathOf(path);
  const own = new Map(names.map((name) => [[...base, name].join('.'), name]));
  const denied = new Set(
    errors.flatMap(({ code, at }) => (code === 'UNAUTHORIZED_FIELD_OR_TYPE' ? [own.get(at) ?? ''] : [])),
  );
  const verdicts = new Map<string, Verdict>();
  for (const name of names) {
    const values = objects.map((object) => object[name]);
    const given = values.some((value) => value !== null);
    if (denied.has(name)) {
      if (given) throw new Error(`${role}: ${on}.${name} is denied and given: ${query} ${answer.text}`);
      verdicts.set(name, 'denied');
    } else if (objects.length === 0) verdicts.set(name, 'absent');
    else if (!given) verdicts.set(name, 'null');
    else {
      const flags = on.startsWith('Masked')
        ? objects.map(({ masked }) => masked)
        : values.map((value) => (value as { masked?: unknown } | null)?.masked);
      verdicts.set(name, flags.includes(true) ? 'masked' : 'given');
    }
  }
  // A field of Mutation and one of Query fail alike; whatever a path's ancestor says is no business of its fields.
  return {
    verdicts,
    others: errors.filter(({ code, at }) => code !== 'UNAUTHORIZED_FIELD_OR_TYPE' || !own.has(at)),
    query,
    status: answer.status,
  };
}

const chunks = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/**
 * Null in every planted row, each for a reason; all else that a role may see has a value there, so that null cannot
 * pass for it.
 */
const alwaysNull: ReadonlySet<string> = new Set([
  'TrustedDocument.problem',
  // By role.
  'Viewer.organisation',
  'Viewer.purpose',
  'Viewer.province',
  'Viewer.sector',
  // No code was replaced, no name given up on a known day, no entry removed, no list without a term; what is in force
  // has no end yet; no clause is cited.
  'NameListEntry.reviewOn',
  // Sources contradict each other about states of the register alone, which are no records; none of it was decided.
  'FactConflict.record',
  'FactConflictSide.record',
  'FactConflict.closedAt',
  'FactConflict.closedBy',
  'FactConflict.reason',
  ...fielded.filter(({ name }) => name.startsWith('Entity') === false).map(({ name }) => `${name}.factConflict`),
  'Entity.successor',
  'EntityLookup.successor',
  'CreditFileLookup.successor',
  'EvaluationsLookup.successor',
  'FormerName.until',
  'NameListEntry.removedOn',
  'NameListEntry.removalReason',
  'EvaluationScheme.effectiveTo',
  'NameListType.effectiveTo',
  'RuleSet.effectiveTo',
  'Grant.to',
  'InvalidInput.clause',
  'Conflict.clause',
  'DomainError.clause',
  // Its form has no such column; the end of an empty list is nowhere.
  'AdministrativePenalty.documentName',
  'PageInfo.endCursor',
  'AdministrativeLevy.validTo',
  'AdministrativePayment.validTo',
  'AdministrativeAdjudication.validTo',
  'AdministrativeCompensation.validTo',
  'AdministrativeReward.validTo',
  'AdministrativeInspection.validTo',
  // What courts and consumers say has no end of its own; nobody filed what an entity declares.
  'JudicialRecord.validTo',
  'ConsumerComplaint.validTo',
  'VoluntaryItem.validTo',
  'VoluntaryItem.additionalFields',
  // Rows of acts wait for nobody (test/graph/filing/whose.test.ts has those that do).
  'FiledRow.proposalId',
  // The newest edition of the catalogue, and all that it lists, is in force.
  'CatalogueItem.effectiveTo',
  'CatalogueEdition.effectiveTo',
  // An item has one source as a rule: licences that of acts.
  'CollectionCoverage.entity',
  'CollectionCoverage.namelist',
  'CollectionCoverage.evaluation',
  // Nothing that all see was withdrawn, and what a unit other than the viewer withdrew is gone for it too.
  'Publication.withdrawnOn',
  'RecordWithdrawn.record',
  // What stands was neither superseded nor withdrawn nor erased.
  'RecordVersion.supersededAt',
  'RecordVersion.withdrawnOn',
  'RecordVersion.withdrawalReason',
  'RecordVersion.erasedAt',
]);

const RECORD_LISTS = new RegExp(
  '^(AdministrativeAct|CreditCommitment|JudicialRecord|ConsumerComplaint|VoluntaryItem|NameListEntry|Evaluation)' +
    'Connection$',
);

const isRowPath = (path: readonly Step[]): boolean =>
  path.some(
    ({ on, field }) =>
      (on === 'CreditFile' && field === 'evaluations') ||
      (on === 'ChangePage' && field === 'events') ||
      (['nodes', 'edges'].includes(field ?? '') && RECORD_LISTS.test(on)),
  );

/** What the document promises for a field, where the object it is on is there. */
function promised(role: Role, on: string, field: string, where: Where): Verdict {
  const { dataClass, outcomes } = lineOf(`${on}.${field}`);
  const outcome = outcomes[role];
  if (isRefused(role, { on, field })) return 'denied';
  if (outcome === 'MASK') return 'masked';
  if (outcome === 'ALLOW' || where === 'near') return 'given';
  // ROW, for a row out of reach: another's filing is none, a published record is seen, and of its fields some are cut
  // and some denied.
  // Proposals are listed: each organisation has its own. So are conflicts.
  if (on === 'Query' && field === 'factConflicts') return 'given';
  if (dataClass === 'FILING') return on === 'Query' && field === 'filing' ? 'null' : 'given';
  if (dataClass === 'ADDRESS' || dataClass === 'PERSON') return 'masked';
  return dataClass === 'RECORD' ? 'given' : 'denied';
}

/** The first step that gives nothing, by the document or since no row may be seen. */
function endOf(role: Role, path: readonly Step[], where: Where): { denied: boolean; path: readonly Step[] } | null {
  // What the document denies is cut before any row is looked for, and reported in any case.
  const cut = path.findIndex((step) => isRefused(role, step));
  if (cut >= 0) return { denied: true, path: path.slice(0, cut + 1) };
  for (const [index, step] of path.entries()) {
    const verdict = step.field === undefined ? 'given' : promised(role, step.on, step.field, where);
    if (verdict === 'denied' || verdict === 'null')
      return { denied: verdict === 'denied', path: path.slice(0, index + 1) };
    if (where === 'shadow' && isRowPath(path.slice(0, index + 1)))
      return { denied: false, path: path.slice(0, index + 1) };
    // Nobody consents to the public.
    if (role === 'PUBLIC' && step.on === 'ConsentConnection' && /^(nodes|edges)$/.test(step.field ?? ''))
      return { denied: false, path: path.slice(0, index + 1) };
  }
  return null;
}

test('the document has a column for every role and a line for every field, and no other', () => {
  expect(columns).toEqual([...roles]);
  const named = [
    ...fielded.flatMap(({ name }) => fieldsOf(name).map((field) => `${name}.${field.name}`)),
    ...inputs.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)),
  ];
  expect([...table.keys()].filter((coordinate) => !coordinate.includes('(')).toSorted()).toEqual(named.toSorted());
  const ofArguments = new Set(
    fielded.flatMap(({ name }) =>
      fieldsOf(name).flatMap((field) => field.args.map((argument) => `${name}.${field.name}(${argument.name}:)`)),
    ),
  );
  expect([...table.keys()].filter((coordinate) => coordinate.includes('(') && !ofArguments.has(coordinate))).toEqual(
    [],
  );
  expect(
    [...table.values()]
      .flatMap(({ outcomes }) => Object.values(outcomes))
      .filter((outcome) => !['ALLOW', 'MASK', 'DENY', 'ROW'].includes(outcome)),
  ).toEqual([]);
});

const everyPath = pathsFor(null);

test('every type of the schema is reached by a query, a mutation or a stream', () => {
  expect(fielded.map(({ name }) => name).filter((name) => !everyPath.has(name))).toEqual([]);
});

describe.each(roles)('%s', (role) => {
  const allowed = pathsFor(role);

  // Auditors and the national centre see what is shared everywhere.
  const places: readonly Where[] =
    role === 'AUDITOR' || role === 'NATIONAL_CENTRE' ? ['near', 'far'] : ['near', 'far', 'shadow'];

  test.each(places)('gets of every field what the document says: %s', async (where) => {
    const differing: string[] = [];
    for (const { name: on } of fielded) {
      // Where every way there is denied: that it is denied on the way, and nothing below is given.
      const path = allowed.get(on) ?? everyPath.get(on) ?? [];
      const end = endOf(role, path, where);
      const names = fieldsOf(on).map((field) => field.name);
      for (const some of chunks(names, atOnce(on, path))) {
        const { verdicts, others, query, status } = await see(role, on, some, path, where);
        for (const name of some) {
          // A refusal by the document alone is reported whether there is an object or not, but not below another
          // refusal.
          const expected =
            end === null
              ? promised(role, on, name, where)
              : !end.denied && isRefused(role, { on, field: name })
                ? 'denied'
                : 'absent';
          const got = verdicts.get(name);
          if (got !== expected && !(expected === 'given' && got === 'null' && alwaysNull.has(`${on}.${name}`)))
            differing.push(`${on}.${name}: ${got}, not ${expected} · ${query.slice(0, 200)}`);
        }
        // The one error at the place where the way ended; without the `@` of its own list.
        const delivered = end?.denied
          ? [
              {
                code: 'UNAUTHORIZED_FIELD_OR_TYPE',
                at: pathOf(end.path)
                  .join('.')
                  .replace(/(\.@)+$/, ''),
              },
            ]
          : [];
        if (JSON.stringify(others) !== JSON.stringify(delivered))
          differing.push(`${on}: ${JSON.stringify(others)}, not ${JSON.stringify(delivered)}`);
        // A stream that is refused does not begin.
        const isRefusedWhole =
          query.startsWith('subscription') && (end?.denied || isRefused(role, { on, field: some[0] ?? '' }));
        if (status !== (isRefusedWhole ? 400 : 200)) differing.push(`${on}: status ${status}`);
      }
    }
    expect(differing).toEqual([]);
  });

  test('is denied a field for a classed argument or input field, as a literal and as a variable', async () => {
    const differing: string[] = [];
    for (const { coordinate, on, field, literal, variable } of classedInputs(role)) {
      const denied = isRefused(role, { on, field }) || outcomeOf(coordinate, role) === 'DENY';
      for (const operation of [literal, variable]) {
        const answer = await world.send(viewerOf[role], { name: coordinate, ...operation });
        const errors = errorsOf(answer).map(({ code, at }) => `${code} ${at}`);
        const expected = denied ? [`UNAUTHORIZED_FIELD_OR_TYPE ${field}`] : [];
        if (JSON.stringify(errors) !== JSON.stringify(expected) || (bodyOf(answer).data?.[field] !== null) === denied)
          differing.push(`${coordinate}: ${JSON.stringify(operation)} ${answer.text.slice(0, 200)}`);
      }
    }
    expect(differing).toEqual([]);
  });

  test('is shown by introspection and by /sdl what it is not denied and can reach, and nothing else', async () => {
    const sdl = await world.send(viewerOf[role], { name: 'sdl', path: '/sdl' });
    const introspected = await world.send(viewerOf[role], { name: 'introspection', query: getIntrospectionQuery() });
    const expected = visibleTo(role);
    expect(coordinatesOf(buildSchema(sdl.text))).toEqual(expected);
    expect(coordinatesOf(buildClientSchema(bodyOf(introspected).data as unknown as IntrospectionQuery))).toEqual(
      expected,
    );
  });
});

describe.each(roles)('%s, by every transport and mode,', (role) => {
  test('receives over WebSocket what it receives over SSE, or the same denial', async () => {
    const selection = `__typename ${['NameListChange', 'EvaluationChange', 'Checkpoint']
      .map(
        (on) =>
          `... on ${on} { ${selectionOf(
            role,
            on,
            fieldsOf(on).map(({ name }) => name),
            'near',
          )} }`,
      )
      .join(' ')}`;
    for (const field of changeFields) {
      const isDenied = isRefused(role, { on: 'Subscription', field });
      const first = async (filter: object, after: string | null): Promise<unknown> => {
        const query = `subscription {
          ${field}(filter: ${literalOf(filter)}, after: ${JSON.stringify(after)}) { ${selection} }
        }`;
        await using stream = await followByWebSocket(world.graph.url, world.tokenOf(viewerOf[role]), query);
        const delivered = await stream.next();
        const checkpoint = {
          __typename: 'Checkpoint',
          cursor: expect.any(String),
          at: expect.any(String),
          lagSeconds: expect.any(Number),
        };
        expect(bodyOf(await ask(role, field, query))).toEqual(
          after === null && !isDenied
            ? { data: { [field]: checkpoint }, extensions: { cursor: expect.any(String) } }
            : delivered,
        );
        return isDenied
          ? delivered.errors?.map(({ path, extensions }) => [path, extensions['code']])
          : (delivered.data?.[field] as { __typename?: string } | null)?.__typename;
      };
      const delivered = [
        await first({}, null),
        await first(filterOf.near, cursorOf.get(`${role} ${field} near`) ?? null),
        await first(filterOf.far, cursorOf.get(`${role} ${field} far`) ?? null),
      ];
      const change = field === 'nameListChanges' ? 'NameListChange' : 'EvaluationChange';
      expect(delivered).toEqual(
        isDenied ? delivered.map(() => [[[field], 'UNAUTHORIZED_FIELD_OR_TYPE']]) : ['Checkpoint', change, change],
      );
    }
  });

  test('in mode reject is refused a whole operation in which anything is denied, and answered the others', async () => {
    const allowed = pathsFor(role);
    const differing: string[] = [];
    for (const { name: on } of fielded.filter(({ name }) => name !== 'Mutation')) {
      const path = allowed.get(on) ?? everyPath.get(on) ?? [];
      if (path[0]?.on === 'Mutation') continue;
      const names = fieldsOf(on)
        .map((field) => field.name)
        .slice(0, atOnce(on, path));
      const isDenied =
        path.some((step) => isRefused(role, step)) || names.some((field) => isRefused(role, { on, field }));
      const query = queryOf(role, on, names, path, 'near');
      const answer = await ask(role, on, query, { 'x-unauthorized': 'reject' });
      const { data } = bodyOf(answer);
      const codes = new Set(errorsOf(answer).map(({ code }) => code));
      if (isDenied ? data !== undefined && data !== null : !data) differing.push(`${on}: ${answer.text.slice(0, 300)}`);
      if (JSON.stringify([...codes]) !== JSON.stringify(isDenied ? ['UNAUTHORIZED_FIELD_OR_TYPE'] : []))
        differing.push(`${on}: ${[...codes].join()} ${query}`);
    }
    expect(differing).toEqual([]);
  });
});

test('mode reject also refuses an operation in which a field is denied row by row', async () => {
  const answer = await world.send('province 33', {
    name: 'reject',
    query: `{ creditFile(uscc: "${sites.far.uscc}") { evaluations { grade score } } }`,
    headers: { 'x-unauthorized': 'reject' },
  });
  expect(bodyOf(answer).data ?? null).toBeNull();
});

test('an auditor reads any filing, as the document says', async () => {
  expect(outcomeOf('Query.filing', 'AUDITOR')).toBe('ALLOW');
  const answer = await world.send('auditor', {
    name: 'filing',
    query: `{ filing(id: "${world.filings.near}") { id kind } }`,
  });
  expect(bodyOf(answer).data).toEqual({ filing: { id: world.filings.near, kind: 'licence' } });
});

interface InputUse {
  readonly coordinate: string;
  readonly on: 'Query' | 'Mutation';
  readonly field: string;
  readonly literal: { query: string };
  readonly variable: { query: string; variables: Record<string, unknown> };
}

const enumValued = /"(SERIOUS|ENTERPRISE|ACTIVE|NDJSON|OTHER|REFUTED|PUBLIC|ADD|ADDED|OPEN)"/g;
const literalOf = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map(literalOf).join(', ')}]`
    : typeof value === 'object' && value !== null
      ? `{ ${Object.entries(value)
          .map(([name, item]) => `${name}: ${literalOf(item)}`)
          .join(', ')} }`
      : JSON.stringify(value).replaceAll(enumValued, '$1');

/** Each classed argument and input field, used. Where a role may do a mutation it is given what cannot be done. */
function classedInputs(role: Role): InputUse[] {
  const uses = [...inputFieldUses(role), ...argumentUses()];
  const used = new Set([
    ...uses.map(({ coordinate }) => coordinate),
    ...Object.values(mutationInputs).map(({ field }) => `Mutation.${field}(input:)`),
  ]);
  const classed = [...table.keys()].filter(
    (coordinate) => coordinate.includes('(') || inputs.some(({ name }) => coordinate.startsWith(`${name}.`)),
  );
  if (classed.some((coordinate) => !used.has(coordinate)))
    throw new Error(`no use is known of ${classed.filter((coordinate) => !used.has(coordinate)).join(', ')} (${role})`);
  return uses;
}

/** Each field of each input, by the filter or the mutation that takes it. */
function inputFieldUses(role: Role): InputUse[] {
  const uses: InputUse[] = [];
  for (const type of inputs) {
    for (const name of Object.keys(type.getFields())) {
      const coordinate = `${type.name}.${name}`;
      const filter = filterUses[type.name];
      const outer = within[type.name] ?? type.name;
      const mutation = mutationInputs[outer];
      if (filter) {
        // A role without a watchlist has none to name.
        const value = {
          [name]:
            name === 'watchlist'
              ? (followingOf.get(role)?.watchlist ?? null)
              : (filterValues[coordinate] ?? filterValues[name]),
        };
        uses.push({
          coordinate,
          on: 'Query',
          field: filter.field,
          literal: { query: `{ ${filter.field}(${filter.rest}filter: ${literalOf(value)}, first: 1) { __typename } }` },
          variable: {
            query: `query ($v: ${type.name}!) { ${filter.field}(${filter.rest}filter: $v, first: 1) { __typename } }`,
            variables: { v: value },
          },
        });
      } else if (mutation) {
        const value = {
          ...mutation.value,
          ...(name in (mutation.more ?? {}) ? { [name]: mutation.more?.[name] } : null),
        };
        uses.push({
          coordinate,
          on: 'Mutation',
          field: mutation.field,
          literal: { query: `mutation { ${mutation.field}(input: ${literalOf(value)}) { __typename } }` },
          variable: {
            query: `mutation ($v: ${outer}!) { ${mutation.field}(input: $v) { __typename } }`,
            variables: { v: value },
          },
        });
      } else throw new Error(`no use of ${coordinate} is known`);
    }
  }
  return uses;
}

/** Each argument that is classed for itself. */
const argumentUses = (): InputUse[] => [
  {
    coordinate: 'Query.grants(organisation:)',
    on: 'Query',
    field: 'grants',
    literal: { query: `{ grants(organisation: "${hidden}", first: 1) { __typename } }` },
    variable: {
      query: 'query ($v: USCC) { grants(organisation: $v, first: 1) { __typename } }',
      variables: { v: hidden },
    },
  },
  {
    coordinate: 'Query.ruleChanges(state:)',
    on: 'Query',
    field: 'ruleChanges',
    literal: { query: '{ ruleChanges(state: PROPOSED, first: 1) { __typename } }' },
    variable: {
      query: 'query ($v: RuleChangeState) { ruleChanges(state: $v, first: 1) { __typename } }',
      variables: { v: 'PROPOSED' },
    },
  },
  useOf('role', 'documentManifests', 'String', 'PUBLIC', ', first: 1'),
  useOf('state', 'documentManifests', 'DocumentManifestState', 'PUBLISHED', ', first: 1'),
  useOf('id', 'documentManifest', 'ID!', manifests.withdrawDocuments),
  useOf('manifest', 'trustedDocuments', 'ID!', manifests.withdrawDocuments, ', first: 1'),
];

const useOf = (argument: string, field: string, type: string, value: string, rest = ''): InputUse => ({
  coordinate: `Query.${field}(${argument}:)`,
  on: 'Query',
  field,
  literal: {
    query: `{
      ${field}(${argument}: ${type === 'DocumentManifestState' ? value : JSON.stringify(value)}${rest}) {
        __typename
      }
    }`,
  },
  variable: {
    query: `query ($v: ${type}) { ${field}(${argument}: $v${rest}) { __typename } }`,
    variables: { v: value },
  },
});

/** Coordinates of a schema, sorted: fields, their arguments, input fields. */
function coordinatesOf(view: GraphQLSchema): string[] {
  return Object.values(view.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => {
      if (isInputObjectType(type)) return Object.keys(type.getFields()).map((field) => `${type.name}.${field}`);
      if (!isObjectType(type) && !isInterfaceType(type)) return [];
      return Object.values(type.getFields()).flatMap((field) => [
        `${type.name}.${field.name}`,
        ...field.args.map((argument) => `${type.name}.${field.name}(${argument.name}:)`),
      ]);
    })
    .toSorted();
}

/**
 * Coordinates that the document does not deny a role and that a root leads to over such; a type of which nothing is
 * left leads nowhere.
 */
function visibleTo(role: Role): string[] {
  const sees = (coordinate: string): boolean => !table.has(coordinate) || outcomeOf(coordinate, role) !== 'DENY';
  const barren = new Set<string>();
  const kept = (on: string): readonly { name: string; to: string }[] =>
    fieldsOf(on)
      .filter((field) => sees(`${on}.${field.name}`))
      .map((field) => ({ name: field.name, to: getNamedType(field.type).name }))
      .filter(({ to }) => !barren.has(to));
  for (let before = -1; before !== barren.size;) {
    before = barren.size;
    for (const { name } of fielded) if (kept(name).length === 0) barren.add(name);
    for (const type of Object.values(schema.getTypeMap()))
      if (isUnionType(type) && type.getTypes().every(({ name }) => barren.has(name))) barren.add(type.name);
  }
  const coordinates = new Set<string>();
  const reached = new Set<string>();
  const reach = (name: string): void => {
    if (reached.has(name) || barren.has(name)) return;
    reached.add(name);
    const type = schema.getType(name);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields()))
        if (sees(`${name}.${field.name}`)) {
          coordinates.add(`${name}.${field.name}`);
          reach(getNamedType(field.type).name);
        }
    if (isAbstractType(type)) for (const possible of schema.getPossibleTypes(type)) reach(possible.name);
    if (isObjectType(type) || isInterfaceType(type)) for (const parent of type.getInterfaces()) reach(parent.name);
    for (const { name: field, to } of kept(name)) {
      coordinates.add(`${name}.${field}`);
      reach(to);
      for (const argument of fieldOf(name, field).args) {
        if (!sees(`${name}.${field}(${argument.name}:)`)) continue;
        coordinates.add(`${name}.${field}(${argument.name}:)`);
        reach(getNamedType(argument.type).name);
      }
    }
  };
  reach('Query');
  reach('Mutation');
  reach('Subscription');
  return [...coordinates].toSorted();
}
