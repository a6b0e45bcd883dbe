import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** OSI-approved or public domain: government users must be able to ship it (design §3). */
const open = new Set([
  'MIT',
  'MIT-0',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Python-2.0',
  'Unlicense',
  'CC0-1.0',
  'PostgreSQL',
  'MPL-2.0',
  'EPL-2.0',
]);

/** Licence strings that are not SPDX, read by hand. */
const readByHand: Record<string, string> = {
  'MIT and ISC': 'MIT AND ISC', // @visx/vendor
};

interface Locked {
  readonly packages: Record<string, { dev?: boolean; devOptional?: boolean; license?: string; version?: string }>;
}

/** SPDX expressions as they occur: a choice is open when one side is, a conjunction when both are. */
function isOpen(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, '$1');
  if (bare.includes(' OR ')) return bare.split(' OR ').some(isOpen);
  if (bare.includes(' AND ')) return bare.split(' AND ').every(isOpen);
  return open.has(bare);
}

test('nothing in the runtime tree is under a licence that is not open', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Locked;
  const runtime = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
  expect(runtime.length).toBeGreaterThan(100);
  const closed = runtime
    .map(([path, { license }]) => ({ path, license: readByHand[license ?? ''] ?? license ?? 'none' }))
    .filter(({ license }) => !isOpen(license))
    .map(({ path, license }) => `${path}: ${license}`);
  expect(closed).toEqual([]);
});

test.each(['Elastic-2.0', 'BUSL-1.1', 'SSPL-1.0', 'UNLICENSED', 'SEE LICENSE IN LICENSE', 'MIT AND Elastic-2.0'])(
  '"%s" is not open',
  (expression) => {
    expect(isOpen(expression)).toBe(false);
  },
);
