import { z } from 'zod';
import { type Setting, settings } from './config.ts';
import { settingTables } from './settingsDocument.ts';

const PORT: Setting = {
  group: 'Network',
  description: 'The port to listen on.',
  schema: z.coerce.number().int().min(0).max(65_535).default(4000),
};

test('each group has a table, with what the schema of a setting says of its values and its default', () => {
  const JWKS_URL: Setting = {
    group: 'Tokens',
    description: 'Where the keys are.',
    schema: z.string().optional(),
    values: '`a|b`',
    unset: 'nowhere',
    requiredInProduction: true,
  };
  const LEVEL: Setting = { group: 'Network', description: 'How much.', schema: z.enum(['some', 'all']).default('all') };
  const SHARE: Setting = { group: 'Network', description: 'A share.', schema: z.number().min(0).max(1).default(1) };
  const LIMIT: Setting = { group: 'Network', description: 'How many.', schema: z.number().int().min(1).default(5) };
  expect(settingTables({ JWKS_URL, PORT, LEVEL, SHARE, LIMIT }).split('\n')).toEqual([
    '## Network',
    '',
    '| variable | what it is for | allowed | where it is not set | production |',
    '|---|---|---|---|---|',
    '| `PORT` | The port to listen on. | a whole number, 0 to 65535 | `4000` |  |',
    '| `LEVEL` | How much. | `some`, `all` | `all` |  |',
    '| `SHARE` | A share. | a number, 0 to 1 | `1` |  |',
    '| `LIMIT` | How many. | a whole number from 1 on | `5` |  |',
    '',
    '## Tokens',
    '',
    '| variable | what it is for | allowed | where it is not set | production |',
    '|---|---|---|---|---|',
    '| `JWKS_URL` | Where the keys are. | `a\\|b` | nowhere | required |',
  ]);
});

test.each<[string, Partial<Setting>, string]>([
  [
    'what it is for',
    { description: ' ' },
    'PORT of kit/config.ts does not say what it is for: expected a `description`',
  ],
  [
    'what is allowed',
    { schema: z.string().default('x') },
    'PORT of kit/config.ts does not say what is allowed: expected `values`',
  ],
  [
    'what holds without it',
    { schema: z.number().min(0).optional() },
    'PORT of kit/config.ts does not say what holds where it is not set: expected `unset`',
  ],
  [
    'what an empty default means',
    { schema: z.string().default(''), values: 'a text' },
    'PORT of kit/config.ts does not say what holds where it is not set: expected `unset`',
  ],
])('a setting that does not say %s is named', (_, change, message) => {
  expect(() => settingTables({ PORT: { ...PORT, ...change } })).toThrow(message);
});

test('a setting without a description, or of a group that does not exist, does not compile', () => {
  const { group, description, schema } = PORT;
  // @ts-expect-error -- `description` is missing
  const silent: Setting = { group, schema };
  // @ts-expect-error -- no such group
  const lost: Setting = { group: 'Elsewhere', description, schema };
  expect(settingTables({ lost })).toBe('');
  expect(silent.description).toBeUndefined();
});

test('every setting of the product stands in the document once', () => {
  const named = [...settingTables(settings).matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(Object.keys(settings).toSorted());
});
