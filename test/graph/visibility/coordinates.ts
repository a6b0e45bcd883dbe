import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  type GraphQLField,
  isAbstractType,
  isCompositeType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { type Role } from '#policy/roles.ts';

// The committed schema and the committed docs/VISIBILITY.md, and how to get from a root to every type.

export type Outcome = 'ALLOW' | 'MASK' | 'DENY' | 'ROW';

export interface Line {
  readonly dataClass: string;
  readonly outcomes: Readonly<Record<Role, Outcome>>;
}

const read = (file: string): string => readFileSync(new URL(`../../../docs/${file}`, import.meta.url), 'utf8');
export const schema = buildSchema(read('schema.graphql'));

export const table = new Map<string, Line>();
const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const lines = read('VISIBILITY.md')
  .split('\n')
  .filter((line) => line.startsWith('|'));
export const columns = cells(lines[0] ?? '').slice(2);
for (const line of lines.slice(2)) {
  const [coordinate = '', dataClass = '', ...outcomes] = cells(line);
  table.set(coordinate.replaceAll('`', ''), {
    dataClass,
    outcomes: Object.fromEntries(columns.map((role, index) => [role, outcomes[index]])) as Record<Role, Outcome>,
  });
}

/** Objects and interfaces in a fixed order. */
export const fielded = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && (isObjectType(type) || isInterfaceType(type)),
);
export const fieldsOf = (name: string): GraphQLField<unknown, unknown>[] => {
  const type = schema.getType(name);
  return isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
};
export const inputs = Object.values(schema.getTypeMap()).filter((type) => isInputObjectType(type));

export const lineOf = (coordinate: string): Line => {
  const line = table.get(coordinate);
  if (!line) throw new Error(`docs/VISIBILITY.md has no line for ${coordinate}`);
  return line;
};
export const outcomeOf = (coordinate: string, role: Role): Outcome => lineOf(coordinate).outcomes[role];

export const fieldOf = (on: string, name: string): GraphQLField<unknown, unknown> => {
  const field = fieldsOf(on).find((each) => each.name === name);
  if (!field) throw new Error(`no field ${on}.${name}`);
  return field;
};

/** The `@`s of an error path: how many lists a field gives. */
export const listDepth = ({ type }: { type: unknown }): number => {
  if (isNonNullType(type)) return listDepth({ type: type.ofType });
  return isListType(type) ? 1 + listDepth({ type: type.ofType }) : 0;
};

export interface Step {
  /** The type on which a field is selected and the type it gives; without a field, an inline fragment. */
  readonly on: string;
  readonly field?: string;
  readonly to: string;
}

/**
 * Roots that lead to many entities at once, or to one thing of a list: only what nothing else leads to is asked through
 * them, so that a path leads to one known row, and to all of a list.
 */
const MANY = [
  'record',
  'export',
  'listingProposals',
  'nameListChanges',
  'evaluationChanges',
  'creditFiles',
  'entities',
  'resolveIdentifier',
  'searchEntities',
  'evaluations',
  'nameListEntries',
  'collectionCoverage',
  'publicationDuties',
  'recomputedActs',
  'factConflicts',
  'timelinessReport',
  'withdrawalNotices',
];

/** Of a union some members are given by one root alone. */
const GIVEN_BY: Readonly<Record<string, readonly ['Query' | 'Subscription', string]>> = {
  EvaluationChange: ['Query', 'evaluationChanges'],
  Checkpoint: ['Subscription', 'nameListChanges'],
  CursorExpired: ['Subscription', 'nameListChanges'],
};

/** The way that gives a member of a union at its end. */
function given(path: readonly Step[]): readonly Step[] {
  const [first, end] = [path[0], path.at(-1)] as [Step, Step]; // a path has steps
  const by = GIVEN_BY[end.to];
  if (!by) return path;
  const [on, field] = by;
  return on === 'Query' ? [{ ...first, field }, ...path.slice(1)] : [{ on, field, to: end.on }, end];
}

/** Null in the planted rows: they lead nowhere. */
const NOWHERE: ReadonlySet<string> = new Set(['FactConflict.record', 'FactConflictSide.record']);

/** The shortest path to every type that a role reaches over fields it is not denied; for null, over any. */
export function pathsFor(role: Role | null): ReadonlyMap<string, readonly Step[]> {
  const paths = new Map<string, readonly Step[]>();
  for (const [root, among] of [
    ['Query', (field: string) => !MANY.includes(field)],
    ['Query', () => true],
    ['Mutation', () => true],
    ['Subscription', () => true],
  ] as const) {
    paths.set(root, []);
    const queue: string[] = [root];
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const path = paths.get(name) ?? [];
      const visit = (step: Step): void => {
        if (paths.has(step.to)) return;
        paths.set(step.to, given([...path, step]));
        queue.push(step.to);
      };
      for (const field of fieldsOf(name)) {
        const to = getNamedType(field.type);
        if (
          !isCompositeType(to) ||
          NOWHERE.has(`${name}.${field.name}`) ||
          (name === root && !among(field.name)) ||
          (role !== null && outcomeOf(`${name}.${field.name}`, role) === 'DENY')
        )
          continue;
        visit({ on: name, field: field.name, to: to.name });
      }
      const type = schema.getType(name);
      if (!isAbstractType(type)) continue;
      for (const possible of schema.getPossibleTypes(type))
        for (const to of [possible.name, ...possible.getInterfaces().map((parent) => parent.name)])
          visit({ on: name, to });
    }
  }
  return paths;
}
