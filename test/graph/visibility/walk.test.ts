import { randomUUID } from 'node:crypto';
import { buildClientSchema, buildSchema, getIntrospectionQuery, getNamedType, type GraphQLSchema, type IntrospectionQuery, isAbstractType, isCompositeType, isInputObjectType, isInterfaceType, isNonNullType, isObjectType, isUnionType } from 'graphql';
import { type Role, roles } from '#policy/viewer.ts';
import { columns, fielded, fieldOf, fieldsOf, inputs, lineOf, listDepth, outcomeOf, pathsFor, schema, type Step, table } from './coordinates.ts';
import { type Answer, bodyOf, hidden, type Place, shadow, sites, startWorld, viewerOf, type World } from './world.ts';

// Every field, argument and input field × every role, through the public API, against the committed docs/VISIBILITY.md: what the
// document says is what happens. It is generated from what the policy reads; this test asks the running graph.

let world: World;
/** Of each role that files: a filing of its own that is completed. */
const filingOf = new Map<Role, string>();
let grant = '';
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  world = stack.use(await startWorld());
  for (const role of mayDo.createFiling) await fileSomething(role);
  const granted = await mutate('OPERATOR', `grantRole(input: ${inputOf('OPERATOR', 'grantRole')}) { ... on RoleGranted { grant { id } } }`);
  grant = (granted['grantRole'] as { grant: { id: string } }).grant.id;
});
afterAll(() => stack.disposeAsync());

// What a role may see is one thing and what it may do another: policy/actions.ts refuses a mutation to a role that could read its result.
const mayDo = {
  createFiling: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  completeFiling: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  grantRole: ['OPERATOR'],
  endGrant: ['OPERATOR'],
  revokeToken: ['OPERATOR'],
} as const satisfies Record<string, readonly Role[]>;
const isRefused = (role: Role, { on, field = '' }: Pick<Step, 'on' | 'field'>): boolean =>
  field !== '' && (outcomeOf(`${on}.${field}`, role) === 'DENY' || (on === 'Mutation' && !(mayDo[field as keyof typeof mayDo] as readonly Role[]).includes(role)));

async function mutate(role: Role, selection: string): Promise<Record<string, unknown>> {
  const { data } = bodyOf(await world.send(viewerOf[role], { name: 'arrange', query: `mutation { ${selection} }` }));
  if (!data) throw new Error(`${role}: ${selection}`);
  return data;
}

async function fileSomething(role: Role): Promise<void> {
  const created = await mutate(role, `createFiling(input: ${inputOf(role, 'createFiling')}) { ... on FilingCreated { filing { id } } }`);
  const { id } = (created['createFiling'] as { filing: { id: string } }).filing;
  filingOf.set(role, id);
  const row = { XK_XDR_MC: '示例主体', XK_XDR_SHXYM: hidden, XK_WSH: `${role}〔2026〕1号`, XK_JDRQ: '2026/01/05', XK_LYDWDM: sites.near.unit, XK_SYFW: '内部' };
  const response = await fetch(`${world.graph.url}/filings/${id}/parts/1`, { method: 'PUT', headers: { authorization: `Bearer ${world.tokenOf(viewerOf[role])}`, 'content-type': 'application/x-ndjson' }, body: JSON.stringify(row) });
  if (!response.ok) throw new Error(await response.text());
  await mutate(role, `completeFiling(input: ${inputOf(role, 'completeFiling')}) { ... on FilingCompleted { filing { id } } }`);
}

type Mutation = keyof typeof mayDo;

/** Each mutation is done once for real, on something made for it, and asked again with its key; errors are had by other content under that key, or by nonsense. */
function inputOf(role: Role, mutation: Mutation, wanted: 'success' | 'Conflict' | 'InvalidInput' = 'success'): string {
  const key = `idempotencyKey: "${wanted === 'InvalidInput' ? randomUUID() : `walk ${role}`}"`;
  const filing = filingOf.get(role) ?? randomUUID();
  const other = wanted === 'success' ? '' : 'x';
  switch (mutation) {
    case 'createFiling':
      return wanted === 'InvalidInput' ? `{ ${key}, kind: "nonsense", format: NDJSON, partsExpected: 1 }` : `{ ${key}, kind: "licence", format: NDJSON, partsExpected: ${wanted === 'success' ? 1 : 2} }`;
    case 'completeFiling':
      return `{ ${key}, id: "${filing}${other}" }`;
    case 'grantRole':
      return `{ ${key}, organisation: "${hidden}", role: "ASSESSOR${wanted === 'InvalidInput' ? 'S' : ''}"${wanted === 'Conflict' ? ', sector: "A"' : ''} }`;
    case 'endGrant':
      return `{ ${key}, id: "${grant || randomUUID()}${other}" }`;
    case 'revokeToken':
      return `{ ${key}, tokenId: "a token of nobody", reason: "walk${other}" }`;
  }
}

/** Which row is asked about: one in the viewer's reach, one out of it, or an entity about which everything is shared out of its reach. */
type Where = Place | 'shadow';

function argumentsOf(role: Role, on: string, name: string, where: Where, wanted?: string): string {
  const uscc = where === 'shadow' ? shadow : sites[where].uscc;
  const values: Record<string, string> = {
    uscc: `"${uscc}"`,
    codes: `["${uscc}"]`,
    scheme: name === 'resolveIdentifier' ? '"USCC"' : '"PUBLIC_CREDIT"',
    value: `"${uscc}"`,
    query: where === 'shadow' ? '"深圳市南山区影子"' : JSON.stringify(sites[where].name),
    filter: '{}',
    first: '100',
    id: JSON.stringify(where === 'near' ? (filingOf.get(role) ?? filingOf.get('NATIONAL_CENTRE')) : world.filings.far),
    input: on === 'Mutation' ? inputOf(role, name as Mutation, wanted === 'Conflict' ? 'Conflict' : wanted === 'InvalidInput' || wanted === 'DomainError' ? 'InvalidInput' : 'success') : '',
  };
  const given = fieldOf(on, name).args.filter(({ type }) => isNonNullType(type));
  return given.length === 0 ? '' : `(${given.map((argument) => `${argument.name}: ${values[argument.name]}`).join(', ')})`;
}

function documentOf(role: Role, path: readonly Step[], selection: string, where: Where): string {
  const inner = path.reduceRight((rest, { on, field, to }, index) => (field === undefined ? `... on ${to} { ${rest} }` : `${field}${argumentsOf(role, on, field, where, path[index + 1]?.to)} { __typename ${rest} }`), selection);
  return `${path[0]?.on === 'Mutation' ? 'mutation' : 'query'} { ${inner} }`;
}

const pathOf = (path: readonly Step[]): string[] => path.flatMap(({ on, field }) => (field === undefined ? [] : [field, ...Array<string>(listDepth(fieldOf(on, field))).fill('@')]));

/** The objects at the end of a path. */
function objectsAt(data: unknown, path: readonly Step[]): Record<string, unknown>[] {
  let level: unknown[] = [data].filter(Boolean);
  for (const { field, to } of path) {
    if (field !== undefined) level = level.map((each) => (each as Record<string, unknown>)[field]).flat(2);
    level = level.filter((each) => each !== null && each !== undefined && isOf(String((each as { __typename: string }).__typename), to));
  }
  return level as Record<string, unknown>[];
}

function isOf(name: string, to: string): boolean {
  const [type, of] = [schema.getType(to), schema.getType(name)];
  return name === to || (isAbstractType(type) && isObjectType(of) && schema.isSubType(type, of));
}

const atPath = (path: readonly (string | number)[] | undefined): string => (path ?? []).map((step) => (typeof step === 'number' ? '@' : step)).join('.');
const errorsOf = (answer: Answer): { code: string; at: string }[] => (bodyOf(answer).errors ?? []).map(({ extensions, path }) => ({ code: String(extensions['code']), at: atPath(path) }));

type Verdict = 'denied' | 'given' | 'masked' | 'absent' | 'null';

function selectionOf(role: Role, on: string, names: readonly string[], where: Where): string {
  const fields = names.map((name) => {
    const to = getNamedType(fieldOf(on, name).type);
    return `${name}${argumentsOf(role, on, name, where)}${isCompositeType(to) ? ` { __typename${to.name.startsWith('Masked') ? ' masked' : ''} }` : ''}`;
  });
  return `__typename ${on.startsWith('Masked') ? 'masked ' : ''}${fields.join(' ')}`;
}

/** What a role gets of the fields of a type at the end of a path; whatever else went wrong is in `others`. */
async function see(role: Role, on: string, names: readonly string[], path: readonly Step[], where: Where): Promise<{ verdicts: Map<string, Verdict>; others: unknown[]; query: string }> {
  const selection = selectionOf(role, on, names, where);
  const query = path.length === 0 ? `${on.toLowerCase()} { ${selection} }` : documentOf(role, path, selection, where);
  const answer = await world.send(viewerOf[role], { name: on, query });
  const objects = objectsAt(bodyOf(answer).data, path);
  const errors = errorsOf(answer);
  const base = pathOf(path);
  const own = new Map(names.map((name) => [[...base, name].join('.'), name]));
  const denied = new Set(errors.flatMap(({ code, at }) => (code === 'UNAUTHORIZED_FIELD_OR_TYPE' ? [own.get(at) ?? ''] : [])));
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
      const flags = on.startsWith('Masked') ? objects.map(({ masked }) => masked) : values.map((value) => (value as { masked?: unknown } | null)?.masked);
      verdicts.set(name, flags.includes(true) ? 'masked' : 'given');
    }
  }
  // A field of Mutation and one of Query fail alike; whatever a path's ancestor says is no business of its fields.
  return { verdicts, others: errors.filter(({ code, at }) => code !== 'UNAUTHORIZED_FIELD_OR_TYPE' || !own.has(at)), query };
}

const chunks = <Item>(items: readonly Item[], size: number): Item[][] => Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

/** Null in every planted row, each for a reason; all else that a role may see has a value there, so that null cannot pass for it. */
const alwaysNull: ReadonlySet<string> = new Set([
]);

const onRecords = (path: readonly Step[]): boolean => path.some(({ on, field }) => on.endsWith('Connection') && ['nodes', 'edges'].includes(field ?? '') && on !== 'EntityConnection' && on !== 'GrantConnection') || path.some(({ field }) => field === 'evaluations');

/** What the document promises for a field of a row in reach, out of reach, and shared out of reach. */
function promised(role: Role, coordinate: string, where: Where, path: readonly Step[]): Verdict {
  const { dataClass, outcomes } = lineOf(coordinate);
  const outcome = outcomes[role];
  const [on = '', field = ''] = coordinate.split('.');
  if (isRefused(role, { on, field })) return 'denied';
  if (outcome === 'MASK') return 'masked';
  if (outcome === 'ALLOW' || where === 'near') return 'given';
  // ROW, for a row out of reach.
  if (dataClass === 'ADDRESS' || dataClass === 'PERSON') return 'masked';
  if (dataClass === 'FILING') return coordinate === 'Query.filing' ? 'null' : on === 'Mutation' || path[0]?.on === 'Mutation' ? 'given' : 'absent';
  if (dataClass !== 'RECORD') return 'denied';
  return where === 'far' || !onRecords(path) ? 'given' : 'absent';
}

test('the document has a column for every role and a line for every field and input field of the schema, and no other', () => {
  expect(columns).toEqual([...roles]);
  const named = [...fielded.flatMap(({ name }) => fieldsOf(name).map((field) => `${name}.${field.name}`)), ...inputs.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`))];
  expect([...table.keys()].filter((coordinate) => !coordinate.includes('(')).toSorted()).toEqual(named.toSorted());
  const ofArguments = new Set(fielded.flatMap(({ name }) => fieldsOf(name).flatMap((field) => field.args.map((argument) => `${name}.${field.name}(${argument.name}:)`))));
  expect([...table.keys()].filter((coordinate) => coordinate.includes('(') && !ofArguments.has(coordinate))).toEqual([]);
  expect([...table.values()].flatMap(({ outcomes }) => Object.values(outcomes)).filter((outcome) => !['ALLOW', 'MASK', 'DENY', 'ROW'].includes(outcome))).toEqual([]);
});

const everyPath = pathsFor(null);

test('every type of the schema is reached by a query or a mutation', () => {
  expect(fielded.map(({ name }) => name).filter((name) => !everyPath.has(name))).toEqual([]);
});

describe.each(roles)('%s', (role) => {
  const paths = pathsFor(role);

  test.each<Where>(['near', 'far', 'shadow'])('gets of every field what the document says: %s', async (where) => {
    const differing: string[] = [];
    for (const { name: on } of fielded) {
      const path = paths.get(on) ?? [];
      if (!paths.has(on) || path.some((step) => isRefused(role, step))) continue;
      const coordinates = fieldsOf(on).map((field) => field.name);
      for (const names of chunks(coordinates, path.length === 0 ? 8 : 40)) {
        const { verdicts, others, query } = await see(role, on, names, path, where);
        for (const name of names) {
          const coordinate = `${on}.${name}`;
          let expected = promised(role, coordinate, where, path);
          const got = verdicts.get(name);
          if (path.length > 0 && onRecords(path) && where === 'shadow' && !['AUDITOR', 'NATIONAL_CENTRE'].includes(role) && expected !== 'denied') expected = 'absent';
          if (lineOf(coordinate).dataClass === 'FILING' && expected === 'given' && where !== 'near' && false) continue;
          const same = got === expected || (expected === 'given' && got === 'null' && alwaysNull.has(coordinate));
          if (!same) differing.push(`${coordinate}: ${got}, not ${expected} · ${query.slice(0, 160)}`);
        }
        if (others.length > 0) differing.push(`${on}: ${JSON.stringify(others)}`);
      }
    }
    expect(differing).toEqual([]);
  });
});
