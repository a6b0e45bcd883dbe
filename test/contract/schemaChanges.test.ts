import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  buildSchema,
  findBreakingChanges,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  isEnumType,
  isInputObjectType,
} from 'graphql';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const present = read('docs/schema.graphql');
const changes = read('docs/SCHEMA-CHANGES.md');

const byVersion = new Intl.Collator('en', { numeric: true }).compare;
/** The versions with a folder in docs/releases, the newest last. */
const releases = globSync('docs/releases/*', { cwd: root })
  .map((folder) => basename(folder))
  .toSorted(byVersion);

/** The schema of the newest release, which clients were built against. @throws when the repository does not have it */
function lastReleased(): { readonly version: string; readonly schema: string } {
  const version = releases.at(-1);
  if (version === undefined)
    throw new Error('docs/releases has no release: without its schema.graphql no breaking change can be found');
  const file = `docs/releases/${version}/schema.graphql`;
  if (!existsSync(join(root, file)))
    throw new Error(`${file} is missing: it is the released schema, which the present one is compared with`);
  return { version, schema: read(file) };
}

const breaking = (before: string, after: string): string[] =>
  findBreakingChanges(buildSchema(before), buildSchema(after)).map(({ description }) => description);

/** What docs/SCHEMA-CHANGES.md says of no release: what stands under a release was announced for that one. */
const announced = (text: string): string =>
  text
    .split(/^(?=## )/m)
    .filter((section) => !releases.some((version) => section.startsWith(`## ${version}\n`)))
    .join('');

/** A breaking change is announced when its description stands in docs/SCHEMA-CHANGES.md. */
const unannounced = (before: string, after: string, text: string): string[] =>
  breaking(before, after).filter((description) => !announced(text).includes(description));

test('no breaking change of the schema since the last release goes unannounced', () => {
  expect(unannounced(lastReleased().schema, present, changes)).toEqual([]);
});

test('the last release is not newer than the version of package.json, and has its section', () => {
  const { version } = lastReleased();
  const { version: own } = JSON.parse(read('package.json')) as { version: string };
  expect(byVersion(version, own)).toBeLessThanOrEqual(0);
  expect(changes).toContain(`\n## ${version}\n`);
});

test('an announcement counts until it is released', () => {
  const { version, schema } = lastReleased();
  const after = schema.replace(/\n {2}"""[^"]*"""\n {2}hasActiveSeriousListing: Boolean[^\n]*/, '');
  const description = 'CreditFile.hasActiveSeriousListing was removed.';
  expect(unannounced(schema, after, `## Not released\n\n- ${description}\n\n## ${version}\n`)).toEqual([]);
  expect(unannounced(schema, after, `## Not released\n\n## ${version}\n\n- ${description}\n`)).toEqual([description]);
});

test('a field taken away is a breaking change that has to be announced', () => {
  expect(
    breaking(present, present.replace(/\n {2}"""[^"]*"""\n {2}hasActiveSeriousListing: Boolean[^\n]*/, '')),
  ).toEqual(['CreditFile.hasActiveSeriousListing was removed.']);
});

test('everything in the schema is described, and what the law names has its legal term', () => {
  const schema: GraphQLSchema = buildSchema(present);
  const silent: string[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || ['String', 'Int', 'Boolean', 'ID', 'Float'].includes(type.name)) continue;
    if (!type.description && !['Query', 'Mutation'].includes(type.name)) silent.push(type.name);
    if (isObjectType(type) || isInterfaceType(type))
      for (const field of Object.values(type.getFields())) {
        if (!field.description) silent.push(`${type.name}.${field.name}`);
        for (const argument of field.args)
          if (!argument.description) silent.push(`${type.name}.${field.name}(${argument.name}:)`);
      }
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields()))
        if (!field.description) silent.push(`${type.name}.${field.name}`);
    if (isEnumType(type))
      for (const value of type.getValues()) if (!value.description) silent.push(`${type.name}.${value.name}`);
  }
  expect(silent).toEqual([]);
});

test('a deprecation names its replacement and a date at least twelve months off', () => {
  const reasons = [...present.matchAll(/@deprecated\(reason: "([^"]*)"\)/g)].map(([, reason]) => reason);
  expect(reasons.filter((reason) => !/use `[\w.]+`.*\d{4}-\d{2}-\d{2}/i.test(reason ?? ''))).toEqual([]);
});
