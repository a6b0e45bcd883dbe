import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  getNamedType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  type IntrospectionQuery,
} from 'graphql';
import { type Role, roles } from '#policy/viewer.ts';
import { type Answer, bodyOf, hidden, otherActs, type Place, shadow, sites, startWorld, type ViewerName, viewerOf, type World } from './world.ts';

// Every field, argument and input field × every role, through the public API, against the committed docs/VISIBILITY.md: what the
// document says is what happens. The document is generated from the same classes as the policy; this test asks the running graph.

type Outcome = 'ALLOW' | 'MASK' | 'DENY' | 'ROW';

interface Line {
  readonly dataClass: string;
  readonly outcomes: Readonly<Record<Role, Outcome>>;
}

const read = (file: string): string => readFileSync(new URL(`../../../docs/${file}`, import.meta.url), 'utf8');
const schema = buildSchema(read('schema.graphql'));

const table = new Map<string, Line>();
const cells = (line: string): string[] => line.split('|').slice(1, -1).map((cell) => cell.trim());
const lines = read('VISIBILITY.md').split('\n').filter((line) => line.startsWith('|'));
const columns = cells(lines[0] ?? '').slice(2);
for (const line of lines.slice(2)) {
  const [coordinate = '', dataClass = '', ...outcomes] = cells(line);
  table.set(coordinate.replaceAll('`', ''), { dataClass, outcomes: Object.fromEntries(columns.map((role, index) => [role, outcomes[index]])) as Record<Role, Outcome> });
}

/** Objects and interfaces in a fixed order. */
const fielded = Object.values(schema.getTypeMap()).filter((type) => !type.name.startsWith('__') && (isObjectType(type) || isInterfaceType(type)));
const fieldsOf = (name: string): GraphQLField<unknown, unknown>[] => {
  const type = schema.getType(name);
  return isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
};
const inputs = Object.values(schema.getTypeMap()).filter((type) => isInputObjectType(type));

test('the document has a column for every role and a line for every field and input field of the schema, and no other', () => {
  expect(columns).toEqual([...roles]);
  const named = [...fielded.flatMap(({ name }) => fieldsOf(name).map((field) => `${name}.${field.name}`)), ...inputs.flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`))];
  const documented = [...table.keys()].filter((coordinate) => !coordinate.includes('('));
  expect(documented.toSorted()).toEqual(named.toSorted());
  // Arguments have a line when they have a class of their own; then they exist.
  const argumentNames = fielded.flatMap(({ name }) => fieldsOf(name).flatMap((field) => field.args.map((argument) => `${name}.${field.name}(${argument.name}:)`)));
  expect([...table.keys()].filter((coordinate) => coordinate.includes('(') && !argumentNames.includes(coordinate))).toEqual([]);
  expect([...table.values()].flatMap(({ outcomes }) => Object.values(outcomes)).filter((outcome) => !['ALLOW', 'MASK', 'DENY', 'ROW'].includes(outcome))).toEqual([]);
});

const lineOf = (coordinate: string): Line => {
  const line = table.get(coordinate);
  if (!line) throw new Error(`docs/VISIBILITY.md has no line for ${coordinate}`);
  return line;
};
const outcome = (coordinate: string, role: Role): Outcome => lineOf(coordinate).outcomes[role];

/** Classed arguments of a field that a query has to give. */
const needed = (field: GraphQLField<unknown, unknown>): boolean => field.args.some(({ type }) => isNonNullType(type));

// --- Paths

interface Step {
  /** The type on which the field is selected, and the type it gives, or the type a fragment narrows to. */
  readonly on: string;
  readonly field?: string;
  readonly to: string;
}

const denies = (role: Role, on: string, field: GraphQLField<unknown, unknown>): boolean =>
  outcome(`${on}.${field.name}`, role) === 'DENY' || (needed(field) && field.args.some((argument) => isNonNullType(argument.type) && table.has(`${on}.${field.name}(${argument.name}:)`) && outcome(`${on}.${field.name}(${argument.name}:)`, role) === 'DENY'));

/** Shortest paths from the roots to every type; for a role, over fields it is not denied. Roots first, so mutations are a last resort. */
function pathsFor(role: Role | null): Map<string, Step[]> {
  const paths = new Map<string, Step[]>();
  // Search by a name first finds entities of a kind of their own; the paths through one code say which row is meant.
  for (const root of ['Query', 'Mutation']) {
    if (!paths.has(root)) paths.set(root, []);
    const queue = [root];
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const path = paths.get(name) ?? [];
      const visit = (step: Step): void => {
        if (paths.has(step.to)) return;
        paths.set(step.to, [...path, step]);
        queue.push(step.to);
      };
      const type = schema.getType(name);
      for (const field of fieldsOf(name)) {
        if (role !== null && denies(role, name, field)) continue;
        const to = getNamedType(field.type);
        if (isCompositeType(to)) visit({ on: name, field: field.name, to: to.name });
      }
      if (isAbstractType(type)) {
        for (const possible of schema.getPossibleTypes(type)) {
          visit({ on: name, to: possible.name });
          for (const other of possible.getInterfaces()) visit({ on: name, to: other.name });
        }
      }
    }
  }
  return paths;
}

const everyPath = pathsFor(null);

test('every type of the schema is reached by a query or a mutation', () => {
  expect(fielded.map(({ name }) => name).filter((name) => !everyPath.has(name))).toEqual([]);
});

// --- Documents

let world: World;
const stack = new AsyncDisposableStack();
beforeAll(async () => {
  world = stack.use(await startWorld());
});
afterAll(() => stack.disposeAsync());

/** Which row is asked about: one in the viewer's reach, one out of it, one out of it that is not published. */
type Where = Place | 'shadow';
const codeOf = (where: Where): string => (where === 'shadow' ? shadow : sites[where].uscc);

const throwaway = (): string => JSON.stringify(randomUUID());

/** Arguments by name, so that a path leads to the rows of `where`. A mutation is given nothing that could do harm. */
function argumentsOf(on: string, field: GraphQLField<unknown, unknown>, where: Where, filing: string): string {
  const values: Record<string, string> = {
    uscc: `"${codeOf(where)}"`,
    codes: `["${codeOf(where)}"]`,
    scheme: field.name === 'resolveIdentifier' ? '"USCC"' : '"PUBLIC_CREDIT"',
    value: `"${codeOf(where)}"`,
    query: where === 'shadow' ? '"影子"' : JSON.stringify(sites[where].name),
    filter: where === 'shadow' ? '{ province: "44", types: ["SAMR_FOCUS"] }' : `{ province: "${where === 'near' ? '33' : '44'}" }`,
    first: '100',
    id: JSON.stringify(filing),
    knownAt: `"${world.knownAt}"`,
  };
  const inputsOf: Record<string, string> = {
    createFiling: `{ idempotencyKey: ${throwaway()}, kind: "licence", format: CSV, partsExpected: 1 }`,
    completeFiling: `{ idempotencyKey: ${throwaway()}, id: ${throwaway()} }`,
    grantRole: `{ idempotencyKey: ${throwaway()}, organisation: "${hidden}", role: "ASSESSOR" }`,
    endGrant: `{ idempotencyKey: ${throwaway()}, id: ${throwaway()} }`,
    revokeToken: `{ idempotencyKey: ${throwaway()}, tokenId: ${throwaway()}, reason: "walk" }`,
  };
  const given = field.args.flatMap(({ name, type }) => {
    if (name === 'input') return [`input: ${inputsOf[field.name] ?? '{}'}`];
    if (!isNonNullType(type) && name !== 'knownAt') return [];
    const value = values[name];
    if (value === undefined) throw new Error(`no value for ${on}.${field.name}(${name}:)`);
    return [`${name}: ${value}`];
  });
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}

const fieldOf = (on: string, name: string): GraphQLField<unknown, unknown> => {
  const field = fieldsOf(on).find((each) => each.name === name);
  if (!field) throw new Error(`no field ${on}.${name}`);
  return field;
};

const listDepth = (field: GraphQLField<unknown, unknown>): number => {
  let depth = 0;
  let type = field.type;
  for (;;) {
    if (isNonNullType(type)) type = type.ofType;
    else if (isListType(type)) [type, depth] = [type.ofType, depth + 1];
    else return depth;
  }
};

/** `{ selection }` at the end of a path, as a document. */
function documentOf(path: readonly Step[], selection: string, where: Where, filing: string): string {
  const inner = path.reduceRight((rest, { on, field, to }) => (field === undefined ? `... on ${to} { ${rest} }` : `${field}${argumentsOf(on, fieldOf(on, field), where, filing)} { __typename ${rest} }`), selection);
  return `${path[0]?.on === 'Mutation' || (path.length === 0 && selection.startsWith('#mutation')) ? 'mutation' : 'query'} { ${inner} }`;
}

const errorPath = (path: readonly Step[]): string[] => path.flatMap(({ on, field }) => (field === undefined ? [] : [field, ...Array<string>(listDepth(fieldOf(on, field))).fill('@')]));

/** All objects at the end of a path, of the last step's type. */
function objectsAt(data: unknown, path: readonly Step[]): Record<string, unknown>[] {
  let level: unknown[] = [data];
  for (const { field, to } of path) {
    level = field === undefined ? level : level.map((each) => (each as Record<string, unknown> | null)?.[field]).flat(2);
    level = level.filter((each) => each !== null && each !== undefined && isOf(each as { __typename: string }, to));
  }
  return level as Record<string, unknown>[];
}
function isOf({ __typename: name }: { __typename?: string }, to: string): boolean {
  const type = schema.getType(to);
  const of = name === undefined ? undefined : schema.getType(name);
  return name === undefined || name === to || (isAbstractType(type) && isObjectType(of) && schema.isSubType(type, of));
}

const codes = ['UNAUTHORIZED_FIELD_OR_TYPE'];
const refusedPaths = (answer: Answer): string[] => (bodyOf(answer).errors ?? []).filter(({ extensions }) => codes.includes(String(extensions['code']))).map(({ path }) => (path ?? []).map((step) => (typeof step === 'number' ? '@' : step)).join('.'));

// Fields that hold nothing in the planted rows, each for a reason; everything else that is given has to hold a value somewhere.
const empty: ReadonlySet<string> = new Set<string>([]);

interface Seen {
  readonly verdict: 'denied' | 'given' | 'masked' | 'absent' | 'empty';
}

/** What a viewer gets of fields of one type at the end of a path. */
async function see(viewer: ViewerName, on: string, names: readonly string[], path: readonly Step[], where: Where, filing: string): Promise<{ verdicts: Map<string, Seen['verdict']>; answer: Answer; unexpected: unknown[] }> {
  const select = (name: string): string => {
    const field = fieldOf(on, name);
    const to = getNamedType(field.type);
    return `${name}${argumentsOf(on, field, where, filing)}${isCompositeType(to) ? ` { __typename${to.name.startsWith('Masked') ? ' masked' : ''} }` : ''}`;
  };
  const query = on === 'Mutation' ? `mutation { ${names.map(select).join(' ')} }` : documentOf(path, `__typename ${names.map(select).join(' ')}`, where, filing);
  const answer = await world.send(viewer, { name: on, query });
  const body = bodyOf(answer);
  const objects = objectsAt(body.data, path);
  const refused = refusedPaths(answer);
  const base = errorPath(path);
  const verdicts = new Map<string, Seen['verdict']>();
  for (const name of names) {
    const values = objects.map((object) => object[name]);
    if (refused.includes([...base, name].join('.'))) {
      verdicts.set(name, 'denied');
      if (values.some((value) => value !== null)) throw new Error(`${on}.${name} is refused to ${viewer} and given beside: ${answer.text}`);
    } else if (objects.length === 0) verdicts.set(name, 'absent');
    else if (values.every((value) => value === null)) verdicts.set(name, 'empty');
    else {
      const flags = [...values.map((value) => (value as { masked?: boolean } | null)?.masked), ...(on.startsWith('Masked') ? objects.map((object) => object['masked'] as boolean) : [])];
      verdicts.set(name, flags.includes(true) ? 'masked' : 'given');
    }
  }
  const expectedErrors = new Set(names.map((name) => [...base, name].join('.')));
  const unexpected = (body.errors ?? []).filter(({ path: at, extensions }) => !codes.includes(String(extensions['code'])) || !expectedErrors.has((at ?? []).map((step) => (typeof step === 'number' ? '@' : step)).join('.')));
  return { verdicts, answer, unexpected };
}

const chunks = <Item>(items: readonly Item[], size: number): Item[][] => Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

// What a role may see is one thing, what it may do another: actions.ts refuses a mutation whose result the role could read.
const mayDo: Record<string, readonly Role[]> = {
  createFiling: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  completeFiling: ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  grantRole: ['OPERATOR'],
  endGrant: ['OPERATOR'],
  revokeToken: ['OPERATOR'],
};

export { chunks, empty, mayDo, see, everyPath, pathsFor, otherActs, buildClientSchema, getIntrospectionQuery, fielded, fieldsOf, outcome, lineOf, denies, errorPath, viewerOf };
export type { IntrospectionQuery, GraphQLInputType, GraphQLSchema };
