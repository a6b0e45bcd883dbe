import { join } from 'node:path';
import ts from 'typescript';
import { contentFields, notContent } from '#records/filing/content.ts';
import { forms } from '#standards/forms/forms.ts';
import { nodesOf, parseFile, textOf } from '#test/support/syntax.ts';

// A value that somebody files and nobody keeps is lost without a word. A record keeps every field of its form, but for
// those that the subgraph names because they have a column, or must not be kept.

const root = join(import.meta.dirname, '../..');

/** The texts of the list of that name. */
const listIn = (source: ts.SourceFile, name: string): string[] =>
  nodesOf(source).flatMap((node) =>
    ts.isVariableDeclaration(node) && node.name.getText() === name
      ? nodesOf(node).flatMap((each) => textOf(each) ?? [])
      : [],
  );

const names = new Set(Object.values(forms).flatMap(({ fields }) => fields.flatMap(({ name, also }) => [name, also])));

test.each([['namelist'], ['evaluation'], ['disclosure'], ['entity']])(
  '%s leaves out nothing that no form has',
  (folder) => {
    const leftOut = listIn(parseFile(join(root, 'subgraphs', folder, 'ingest.ts')), 'NOT_CONTENT');
    expect(leftOut.length).toBeGreaterThan(3);
    expect([...notContent, ...leftOut].filter((name) => !names.has(name))).toEqual([]);
  },
);

// The digest of a record is over its content: a field more or less makes every record that is filed again a corrected
// one.
test.each([
  [
    'name-list',
    'namelist',
    ['details', 'grounds', 'legalBasis', 'performanceState', 'rectification', 'rectifyBy', 'remark', 'removalReason'],
  ],
  [
    'evaluation',
    'evaluation',
    ['cause', 'dataAsOf', 'evaluatorName', 'evaluatorUscc', 'indicators', 'reasons', 'remark', 'validUntil'],
  ],
] as const)('%s keeps what it has kept since the first version', (kind, folder, kept) => {
  const own = listIn(parseFile(join(root, 'subgraphs', folder, 'ingest.ts')), 'NOT_CONTENT');
  const leftOut = new Set([...notContent, ...own]);
  expect(contentFields(forms[kind], leftOut)).toEqual(expect.arrayContaining([...kept]));
});
