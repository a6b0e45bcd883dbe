import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, Kind, parse } from 'graphql';
import { releasedManifest } from '#cli/releasedDocuments.ts';
import { standardLimits } from '#gateway/graph/limits.ts';
import { createDocumentCheck } from '#gateway/trustedDocuments/check.ts';
import { digestId } from '#gateway/trustedDocuments/ids.ts';

// gateway/trustedDocuments/released.json is what the command line may ask everywhere: its texts, to the character.

const root = join(import.meta.dirname, '../..');
const { operations } = releasedManifest();

test('the released manifest has the texts of the commands: `npm run codegen` writes it', () => {
  expect(JSON.parse(readFileSync(join(root, 'gateway/trustedDocuments/released.json'), 'utf8'))).toEqual(
    releasedManifest(),
  );
});

test('each of them is what it says, and fits the schema, the limits and the rules of what may be published', () => {
  const schema = buildSchema(readFileSync(join(root, 'docs/schema.graphql'), 'utf8'));
  const check = createDocumentCheck({ schema, view: () => schema }, standardLimits);
  expect(operations.length).toBeGreaterThan(20);
  for (const { id, name, type, body } of operations) {
    const operation = parse(body).definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
    expect([`sha256:${id}`, name, type, check('OPERATOR', body)]).toEqual([
      digestId(body),
      operation?.name?.value,
      operation?.operation,
      { name },
    ]);
  }
});
