import { z } from 'zod';
import { type Setting, settingGroups, settings } from './config.ts';

/** A variable that kit/config.ts does not read. */
interface ElsewhereSetting {
  readonly name: string;
  readonly description: string;
  readonly unset: string;
  /** The file that reads it, or that passes it to the program that does. */
  readonly readBy: string;
}

/** What other programs read on purpose; test/contract/settings.test.ts compares it with what they read. */
export const readElsewhere: readonly ElsewhereSetting[] = [
  {
    name: 'CREDIT_GRAPH_URL',
    description:
      'Where the command line finds the gateway. ' +
      'It reads `HOST`, `PORT`, `DATA_DIR`, `JWKS_URL`, `JWT_ISSUER`, `JWT_AUDIENCE`, ' +
      '`LOG_LEVEL` and `NODE_ENV` as well.',
    unset: '`HOST` and `PORT`',
    readBy: 'cli/settings.ts',
  },
  {
    name: 'CREDIT_GRAPH_TOKEN',
    description: 'The token that the command line sends where neither `--token` nor `--role` names one.',
    unset: 'the command’s own role, else the public',
    readBy: 'cli/settings.ts',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    description: 'Headers for the collector, such as its token. OpenTelemetry’s own exporter reads it.',
    unset: 'none',
    readBy: 'kit/telemetry/otlp.ts',
  },
  {
    name: 'POSTGRES_PASSWORD',
    description: 'The password of the database that Docker Compose starts.',
    unset: 'Docker Compose refuses to start',
    readBy: 'docker/compose.yml',
  },
  {
    name: 'PRISMA_SCHEMA_ENGINE_BINARY',
    description: 'The schema engine of Prisma’s command line, for developers.',
    unset: 'our own, which needs no download',
    readBy: 'prisma.config.ts',
  },
  {
    name: 'TEST_DATABASE_URL',
    description: 'A PostgreSQL server that database tests run on as well, as a superuser.',
    unset: 'one of this machine on port 5432, where it lets us in',
    readBy: 'test/support/testServers.ts',
  },
  {
    name: 'CI',
    description: '`true`: a test that lacks a program fails, and is not skipped.',
    unset: 'it is skipped, and says so',
    readBy: 'test/support/needs.ts',
  },
  {
    name: 'BENCH_SCALE',
    description: 'The sizes that `npm run bench` measures: `ci`, or `full` for those of a country.',
    unset: '`ci`',
    readBy: 'test/bench/main.ts',
  },
  {
    name: 'TAIL_SEED',
    description: 'The seed of the test that kills `tail` at random moments: what failed is played again with it.',
    unset: 'another one each time',
    readBy: 'test/e2e/changes/tail.test.ts',
  },
  {
    name: 'SCREENSHOT',
    description: 'A file into which the test of the explorer draws the page that it saw.',
    unset: 'nothing is drawn',
    readBy: 'test/e2e/explorer/explorer.test.ts',
  },
];

/** The part of JSON Schema that zod writes for the schemas of settings. */
interface Described {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

function valuesOf(name: string, { values }: Setting, described: Described): string {
  if (values !== undefined) return values;
  if (described.enum) return described.enum.map((word) => `\`${word}\``).join(', ');
  const { type, minimum, maximum } = described;
  if ((type === 'integer' || type === 'number') && minimum !== undefined) {
    const kind = type === 'integer' ? 'a whole number' : 'a number';
    return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
      ? `${kind} from ${minimum} on`
      : `${kind}, ${minimum} to ${maximum}`;
  }
  throw new Error(`${name} of kit/config.ts does not say what is allowed: expected \`values\``);
}

function defaultOf(name: string, { unset }: Setting, described: Described): string {
  if (unset !== undefined) return unset;
  if (described.default !== undefined && described.default !== '') return `\`${String(described.default)}\``;
  throw new Error(`${name} of kit/config.ts does not say what holds where it is not set: expected \`unset\``);
}

const row = (cells: readonly string[]): string => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;

function rowOf(name: string, setting: Setting): string {
  if (setting.description.trim() === '')
    throw new Error(`${name} of kit/config.ts does not say what it is for: expected a \`description\``);
  const described = z.toJSONSchema(setting.schema, { io: 'input' }) as Described;
  return row([
    `\`${name}\``,
    setting.description,
    valuesOf(name, setting, described),
    defaultOf(name, setting, described),
    setting.requiredInProduction ? 'required' : '',
  ]);
}

/**
 * The settings by group, a Markdown table for each.
 * @throws Error that names a setting with an incomplete description
 */
export function settingTables(of: Readonly<Record<string, Setting>>): string {
  return settingGroups
    .flatMap((group) => {
      const rows = Object.entries(of).filter(([, setting]) => setting.group === group);
      if (rows.length === 0) return [];
      return [
        [
          `## ${group}`,
          '',
          '| variable | what it is for | allowed | where it is not set | production |',
          '|---|---|---|---|---|',
          ...rows.map(([name, setting]) => rowOf(name, setting)),
        ].join('\n'),
      ];
    })
    .join('\n\n');
}

/** The text of docs/SETTINGS.md: every environment variable that something in this repository reads. */
export function settingsDocument(): string {
  return [
    '<!-- Generated by `npm run codegen` from kit/config.ts. Do not edit. -->',
    '# Settings',
    '',
    'The gateway and each subgraph read these environment variables once, when they start. ' +
      'All that is wrong is named at once, with what was expected, and the',
    'process ends. A variable that is empty counts as not set. ' +
      '`npx credit-graph doctor` looks at the keys of the environment that it runs in.',
    '',
    settingTables(settings),
    '',
    '## Read elsewhere',
    '',
    'Not by `kit/config.ts`, but by the command line, by libraries, and by what developers run.',
    '',
    '| variable | what it is for | where it is not set | read by |',
    '|---|---|---|---|',
    ...readElsewhere.map(({ name, description, unset, readBy }) =>
      row([`\`${name}\``, description, unset, `\`${readBy}\``]),
    ),
    '',
  ].join('\n');
}
