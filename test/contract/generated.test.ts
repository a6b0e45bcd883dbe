import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

// Each command ends with an error, and names the file, when what is committed is not what it would write.
test.each([
  ['supergraph, schema and visibility', 'node', ['gateway/generate.ts', '--check']],
  ['typed resolvers', 'node_modules/.bin/graphql-codegen', ['--config', 'codegen.yml', '--check']],
  ['the schema dump', 'node', ['prisma/tools/dumpSchema.ts', '--check']],
])('%s: the committed files are in sync with their sources', async (_, command, args) => {
  const executable = command === 'node' ? process.execPath : join(root, command);
  await expect(run(executable, args, { cwd: root, timeout: 120_000, env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` } })).resolves.toBeDefined();
});
