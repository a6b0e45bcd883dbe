import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { moduleNamesOf, parseFile } from '#test/support/syntax.ts';

// docs/architecture.md draws how files work together. A node that is a path has to exist, and an arrow between two
// paths has to be backed by imports in the direction of the arrow.

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');

/** How many files an arrow may leave out between its two ends. */
const MAX_BETWEEN = 2;

interface Diagram {
  /** Labels by the node's id. */
  readonly nodes: ReadonlyMap<string, string>;
  /** Pairs of ids. */
  readonly arrows: readonly (readonly [string, string])[];
}

const blocksOf = (text: string): string[] =>
  [...text.matchAll(/^```mermaid\n([^]*?)^```/gm)].map(([, block = '']) => block);

/** @throws Error that names a line in which a path or an arrow could escape the test */
function readDiagram(block: string): Diagram {
  const nodes = new Map<string, string>();
  const arrows: (readonly [string, string])[] = [];
  for (const line of block.split('\n').map((each) => each.trim())) {
    if (line === '' || /^flowchart (?:TD|LR)$/.test(line)) continue;
    const node = /^(\w+)(?:\["([^"]+)"\]|\(\["([^"]+)"\]\))$/.exec(line);
    const arrow = /^(\w+) -->(?:\|[^|]+\|)? (\w+)$/.exec(line);
    if (node?.[1]) nodes.set(node[1], node[2] ?? node[3] ?? '');
    else if (arrow?.[1] && arrow[2]) arrows.push([arrow[1], arrow[2]]);
    else throw new Error(`neither a node nor an arrow: ${line}`);
  }
  return { nodes, arrows };
}

const isPath = (label: string): boolean => /^[^\s/]+\/\S+$/.test(label);

const known = new Map<string, readonly string[]>();

/** The files of this repository that a file imports. */
function importsOf(file: string): readonly string[] {
  let found = known.get(file);
  if (!found) {
    found = moduleNamesOf(parseFile(join(root, file)))
      .flatMap((name) => {
        if (name.startsWith('#')) return name.slice(1);
        return name.startsWith('.') ? relative(root, join(root, dirname(file), name)) : [];
      })
      .filter((each) => each.endsWith('.ts') && existsSync(join(root, each)));
    known.set(file, found);
  }
  return found;
}

function isBacked(from: string, to: string): boolean {
  let reached = new Set([from]);
  for (let step = 0; step <= MAX_BETWEEN; step++) {
    reached = new Set([...reached].flatMap(importsOf));
    if (reached.has(to)) return true;
  }
  return false;
}

/** What is wrong with a diagram, a line for each. */
function problemsOf({ nodes, arrows }: Diagram): string[] {
  const missing = [...nodes.values()].filter((label) => isPath(label) && !existsSync(join(root, label)));
  const unknown = arrows.flat().filter((id) => !nodes.has(id));
  const unbacked = arrows
    .map(([from, to]) => [nodes.get(from) ?? '', nodes.get(to) ?? ''] as const)
    .filter(([from, to]) => [from, to].every((label) => isPath(label) && !missing.includes(label)))
    .filter(([from, to]) => !isBacked(from, to));
  return [
    ...missing.map((label) => `${label}: there is no such file`),
    ...unknown.map((id) => `${id}: an arrow without a node`),
    ...unbacked.map(([from, to]) => `${from} → ${to}: no import leads there with at most ${MAX_BETWEEN} files between`),
  ];
}

const diagrams = blocksOf(page).map(readDiagram);

test('every file that the diagrams show exists, and every arrow between files is backed by imports', () => {
  expect(diagrams).toHaveLength(4);
  for (const { nodes, arrows } of diagrams) {
    expect([...nodes.values()].filter(isPath).length).toBeGreaterThan(10);
    expect(arrows.length).toBeGreaterThan(10);
  }
  expect(diagrams.flatMap(problemsOf)).toEqual([]);
});

test.each([
  ['a["kit/cursor.ts"]\nb["kit/keys.ts"]\na --> b', []],
  ['a["gateway/main.ts"]\nb["gateway/graph/graph.ts"]\na -->|through gateway.ts| b', []],
  ['a["kit/cursor.ts"]\nb(["a client"])\nb --> a', []],
  [
    'a["kit/cursor.ts"]\nb["kit/keys.ts"]\nb --> a',
    ['kit/keys.ts → kit/cursor.ts: no import leads there with at most 2 files between'],
  ],
  ['a["kit/nowhere.ts"]', ['kit/nowhere.ts: there is no such file']],
  ['a["kit/cursor.ts"]\na --> b', ['b: an arrow without a node']],
])('of %j the problems are found', (block, expected) => {
  expect(problemsOf(readDiagram(block))).toEqual(expected);
});

test('a line that is read by nobody is an error', () => {
  expect(() => readDiagram('a["kit/cursor.ts"] -.-> b["kit/keys.ts"]')).toThrow('neither a node nor an arrow');
});
