import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, findBreakingChanges, type GraphQLSchema, isInterfaceType, isObjectType, isEnumType, isInputObjectType } from 'graphql';

const root = join(import.meta.dirname, '../..');
const committed = (revision: string): string | null => {
  try {
    return execFileSync('git', ['show', `${revision}:docs/schema.graphql`], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null;
  }
};

const present = readFileSync(join(root, 'docs/schema.graphql'), 'utf8');
const changes = readFileSync(join(root, 'docs/SCHEMA-CHANGES.md'), 'utf8');

const breaking = (before: string, after: string): string[] => findBreakingChanges(buildSchema(before), buildSchema(after)).map(({ description }) => description);

/** A breaking change is announced when its description stands in docs/SCHEMA-CHANGES.md. */
const unannounced = (before: string, after: string): string[] => breaking(before, after).filter((description) => !changes.includes(description));

test.each(['HEAD', 'HEAD^'])('no breaking change of the schema since %s goes unannounced', (revision) => {
  const before = committed(revision);
  expect(before === null ? [] : unannounced(before, present)).toEqual([]);
});

test('a field taken away is a breaking change that has to be announced', () => {
  expect(breaking(present, present.replace(/\n {2}"""[^"]*"""\n {2}hasActiveSeriousListing: Boolean[^\n]*/, ''))).toEqual(['CreditFile.hasActiveSeriousListing was removed.']);
});

test('everything in the schema is described, and the legal term stands in the description of what the law names', () => {
  const schema: GraphQLSchema = buildSchema(present);
  const silent: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || ['String', 'Int', 'Boolean', 'ID', 'Float'].includes(type.name)) continue;
    if (!type.description && !['Query', 'Mutation'].includes(type.name)) silent.push(type.name);
    if (isObjectType(type) || isInterfaceType(type))
      for (const field of Object.values(type.getFields())) {
        if (!field.description) silent.push(`${type.name}.${field.name}`);
        for (const argument of field.args) if (!argument.description) silent.push(`${type.name}.${field.name}(${argument.name}:)`);
      }
    if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) if (!field.description) silent.push(`${type.name}.${field.name}`);
    if (isEnumType(type)) for (const value of type.getValues()) if (!value.description) silent.push(`${type.name}.${value.name}`);
  }
  expect(silent).toEqual([]);
});

test('a deprecation names its replacement and a date at least twelve months off', () => {
  const reasons = [...present.matchAll(/@deprecated\(reason: "([^"]*)"\)/g)].map(([, reason]) => reason);
  expect(reasons.filter((reason) => !/use `[\w.]+`.*\d{4}-\d{2}-\d{2}/i.test(reason ?? ''))).toEqual([]);
});
