import { writeFile } from 'node:fs/promises';
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

// What the commands ask: part of the release as a manifest like any other, so that they work where nothing else but published documents is
// answered. Without it nobody could publish the first one.

const followed = (['NAME_LIST', 'EVALUATION'] as const).flatMap((topic) => [documentOf(topic, 'stream'), documentOf(topic, 'page')]);
const texts: readonly string[] = [
  ...Object.values(documentTexts), ...Object.values(grantTexts), ...consentTexts, ...unitTexts, ...ingestTexts, ...filingTexts, ...exportTexts, ...followed, ...demoTexts, ...doctorTexts,
];

export const releasedManifest = () => ({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: texts.map((body) => {
    const [, type, name] = /^\s*(query|mutation|subscription) (\w+)/.exec(body) ?? [];
    return { id: digestOf(body), name, type, body };
  }),
});

// npm run codegen
if (import.meta.main) await writeFile(join(import.meta.dirname, '../gateway/trustedDocuments/released.json'), `${JSON.stringify(releasedManifest(), null, 2)}\n`);
