import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, documentOf } from '#client/documents.ts';
import { consentTexts } from './consents.ts';
import { demoTexts } from './demo.ts';
import { doctorTexts } from './doctor.ts';
import { documentTexts } from './documents.ts';
import { exportTexts } from './export.ts';
import { filingTexts } from './filing.ts';
import { grantTexts } from './grants.ts';
import { ingestTexts } from './ingest.ts';
import { unitTexts } from './units.ts';

// The operations of the commands. They are part of the release as a manifest like any other, so that the commands work
// with a gateway that answers published documents alone. Without it nobody could publish the first manifest.

const followed = (['NAME_LIST', 'EVALUATION'] as const).flatMap((topic) => [
  documentOf(topic, 'stream'),
  documentOf(topic, 'page'),
]);
const texts: readonly string[] = [
  ...Object.values(documentTexts),
  ...Object.values(grantTexts),
  ...consentTexts,
  ...unitTexts,
  ...ingestTexts,
  ...filingTexts,
  ...exportTexts,
  ...followed,
  ...demoTexts,
  ...doctorTexts,
];

export const releasedManifest = () => ({
  generatedBy: 'npm run codegen, from the texts of the commands (cli/releasedDocuments.ts)',
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: texts.map((body) => {
    const [, type, name] = /^\s*(query|mutation|subscription) (\w+)/.exec(body) ?? [];
    return { id: digestOf(body), name, type, body };
  }),
});

// npm run codegen; with --check it writes nothing and fails when the file is not up to date.
if (import.meta.main) {
  const target = join(import.meta.dirname, '../gateway/trustedDocuments/released.json');
  const content = `${JSON.stringify(releasedManifest(), null, 2)}\n`;
  if (!process.argv.includes('--check')) await writeFile(target, content);
  else if ((await readFile(target, 'utf8').catch(() => '')) !== content) {
    console.error('gateway/trustedDocuments/released.json is not what the commands ask: run npm run codegen');
    process.exitCode = 1;
  }
}
