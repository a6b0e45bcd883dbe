import { globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { controlSchemaFiles } from '#gateway/control.ts';

// A capability of the gateway is a folder and a line in gateway/control.ts.

const root = join(import.meta.dirname, '../..');

test('every folder of the gateway with a schema has its line in control.ts', () => {
  const listed = controlSchemaFiles.map((file) => relative(root, file));
  const folders = globSync('gateway/*/schema.graphql', { cwd: root });
  expect(
    folders.filter((file) => !listed.includes(file)).map((file) => `gateway/control.ts: no ${dirname(file)}`),
  ).toEqual([]);
  expect(folders).toHaveLength(listed.length);
});
