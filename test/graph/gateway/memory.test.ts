import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { retainedBytes } from '#test/support/retained.ts';

// What texts that are sent once leave behind: caches are bounded in bytes, whatever the texts are made of.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const SIZE = 60_000;
/**
 * Documents, what is refused, Apollo Server’s own, plans, and what one subgraph has prepared; before they were bounded,
 * 316 MB were kept of literals.
 */
const MAX_BYTES = 80_000_000;
const padded = (text: string, index: number): string => `${text} # ${index} `.padEnd(SIZE, 'x');
const names = (index: number, count: number): string =>
  Array.from({ length: count }, (_, field) => `a${index}x${field}: role`).join(' ');

const kinds: readonly (readonly [name: string, count: number, text: (index: number) => string])[] = [
  ['comments', 2000, (index) => padded('{ viewer { role } }', index)],
  [
    'a long literal',
    2000,
    (index) => `{ searchEntities(query: "${String(index).padEnd(SIZE - 100, 'x')}", first: 1) { nodes { name } } }`,
  ],
  ['what is no GraphQL', 500, (index) => padded('{ viewer { role ', index)],
  ['what does not validate', 500, (index) => padded(`{ viewer { nothing${index} } }`, index)],
  ['as many aliases as there may be', 500, (index) => padded(`{ viewer { ${names(index, 29)} } }`, index)],
  [
    'as many fields as there may be, each new',
    400,
    (index) =>
      padded(`{ viewer { ${'role '.repeat(60)} } } fragment F${index} on Viewer { ${'purpose '.repeat(80)} }`, index),
  ],
  [
    'an operation that is planned anew each time',
    400,
    (index) =>
      padded(
        `{ creditFile(uscc: "9133010600000000${String(index).padStart(2, '0')}") { entity { name } } ` +
          `nameListEntries(filter: { listedFrom: "2020-01-${String(1 + (index % 28)).padStart(2, '0')}" }, ` +
          `first: ${1 + (index % 99)}) { nodes { a${index}: id } } }`,
        index,
      ),
  ],
];

const send = async (query: string, accept: string): Promise<void> =>
  void (await (
    await fetch(`${graph.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query }),
    })
  ).text());

test.each(kinds)(
  '%s',
  async (_, count, text) => {
    await send(text(-1), 'application/json');
    const before = retainedBytes();
    for (let index = 0; index < count; index += 20)
      await Promise.all(
        Array.from({ length: 20 }, (__, client) =>
          send(text(index + client), client % 4 === 0 ? 'application/graphql-response+json' : 'application/json'),
        ),
      );
    const kept = retainedBytes() - before;
    expect(kept).toBeLessThan(MAX_BYTES);
  },
  120_000,
);
