import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const text = readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8');
const { packages } = JSON.parse(text) as {
  packages: Record<string, { optionalDependencies?: Record<string, string> }>;
};

test('the lock describes every platform package it names, or npm 11 refuses npm ci', () => {
  const named = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => name.includes('binding-'));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !packages[`node_modules/${name}`])).toEqual([]);
});

test('the lock names no registry host', () => {
  expect(text).not.toMatch(/"resolved"/);
});
