import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, Kind, parse } from 'graphql';
import { documentTexts } from '#cli/documents.ts';
import { grantTexts } from '#cli/grants.ts';
import { createDocumentCheck } from '#gateway/trustedDocuments/check.ts';
import { standardLimits } from '#gateway/limits.ts';

// gateway/trustedDocuments/released.json is what an operator may always ask with the command line: those texts, to the character.

const root = join(import.meta.dirname, '../..');

test('the released manifest has the texts of the command line’s operator commands, and no other', () => {
  const released = JSON.parse(readFileSync(join(root, 'gateway/trustedDocuments/released.json'), 'utf8')) as unknown;
  const operations = [...Object.values(grantTexts), ...Object.values(documentTexts)].map((body) => {
    const [operation] = parse(body).definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(body);
    return { id: createHash('sha256').update(body).digest('hex'), name: operation.name?.value, type: operation.operation, body };
  });
  expect(released).toEqual({ format: 'apollo-persisted-query-manifest', version: 1, operations });
});

test('each of them fits the schema, the limits and the rules of what may be published', () => {
  const schema = buildSchema(readFileSync(join(root, 'docs/schema.graphql'), 'utf8'));
  const check = createDocumentCheck({ schema, view: () => schema }, standardLimits);
  expect([...Object.values(grantTexts), ...Object.values(documentTexts)].map((body) => check('OPERATOR', body)).filter((checked) => 'problem' in checked)).toEqual([]);
});
