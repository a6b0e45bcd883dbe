import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { type Cells, know, lines, register } from '#test/support/registered.ts';
import { penalty, subject, unit } from './rows.ts';

// Every case of docs/rules/publication.md, which was worked out by hand, is filed and read through the public API.

interface Case {
  readonly name: string;
  readonly cells: Cells;
  readonly right: Readonly<Record<string, unknown>>;
}

const document = readFileSync(join(import.meta.dirname, '../../../docs/rules/publication.md'), 'utf8');
const slashes = (day: string): string => day.replaceAll('-', '/');

const cases: readonly Case[] = [...document.matchAll(/^\| (P\d+) .*\|$/gm)].map(([line]) => {
  const [
    ,
    name = '',
    decided = '',
    category = '',
    procedure = '',
    fine = '',
    site = '',
    stated = '',
    need = '',
    ...rest
  ] = line.split('|').map((cell) => cell.trim());
  const [severity, , lastDay = '', by = ''] = rest;
  const isPublished = lastDay !== '—';
  return {
    name,
    cells: penalty({
      CF_WSH: `示罚〔2026〕${name}号`,
      CF_JDRQ: slashes(decided),
      CF_CFLB: category,
      CF_CFCX: procedure,
      CF_NR: '见决定书',
      CF_NR_FK: fine,
      CF_GSRQ: slashes(site),
      CF_GSJZQ: slashes(stated),
      CF_GSBYX: need,
    }),
    right: {
      severity,
      disclosureLevel: isPublished ? 'PUBLIC' : 'GOV_SHARED',
      publicUntil: isPublished ? lastDay : null,
      termStartsOn: isPublished ? decided : null,
      endsWhenPerformed: isPublished ? false : null,
      by: isPublished ? (by === 'as stated' ? null : by) : null,
    },
  };
});

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ now: () => new Date('2026-11-29T04:00:00Z') });
  await know(graph, subject);
  await register(graph, 'disclosure', unit, ['penalty']);
});
afterAll(() => graph[Symbol.asyncDispose]());

interface Penalty {
  readonly documentNo: string;
  readonly severity: string;
  readonly disclosureLevel: string;
  readonly publication: {
    readonly publicUntil: string | null;
    readonly termStartsOn: string | null;
    readonly endsWhenPerformed: boolean | null;
    readonly termRuleSet: { readonly id: string } | null;
  };
}

test('there are sixty cases and more, each with another name', () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
});

test('every worked case is answered as it was worked out', async () => {
  expect(await graph.file('penalty', lines(cases.map(({ cells }) => cells)), { format: 'NDJSON' })).toMatchObject({
    added: cases.length,
    rejected: 0,
  });
  const { body } = await graph.query(
    'AUDITOR',
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) {
        administrativeActs(first: 100) {
          nodes {
            documentNo disclosureLevel
            publication { publicUntil termStartsOn endsWhenPerformed termRuleSet { id } }
            ... on AdministrativePenalty { severity }
          }
        }
      }
    }`,
    { uscc: subject },
  );
  const file = body.data?.['creditFile'] as { administrativeActs: { nodes: Penalty[] } } | undefined;
  const answered = Object.fromEntries(
    (file?.administrativeActs.nodes ?? []).map(
      ({ documentNo, severity, disclosureLevel, publication: { termRuleSet, ...publication } }) => [
        documentNo,
        { severity, disclosureLevel, ...publication, by: termRuleSet?.id ?? null },
      ],
    ),
  );
  expect(answered).toEqual(Object.fromEntries(cases.map(({ cells, right }) => [cells['CF_WSH'], right])));
});
