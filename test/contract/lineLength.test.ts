import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMarkedGenerated, repositoryFiles, ROOT } from '#test/support/repositoryFiles.ts';

// Lines have at most 120 columns. The formatter breaks code; what it leaves alone (comments, texts, documents) is
// counted here.

const MAX_COLUMNS = 120;

/** How many longer lines each top-level folder still has; `.` is the top itself. The numbers only shrink. */
const baseline: Readonly<Record<string, number>> = {
  cli: 19,
  docs: 3,
  records: 1,
  test: 102,
};

const isChecked = (file: string): boolean =>
  /\.(?:ts|js|cjs|mjs|graphql|md|yml|sh)$/.test(file) && !isMarkedGenerated(file);

/** Languages of fenced blocks that are written by hand; any other block shows recorded output or a command to type. */
const HAND_WRITTEN = new Set(['ts', 'js', 'graphql', 'sql', 'prisma', 'yaml']);

/** Numbers of the lines that are too long, from 1. A column is a code point. */
function tooLong(text: string, isMarkdown: boolean): number[] {
  let block: string | null = null;
  return text.split('\n').flatMap((line, index) => {
    if (isMarkdown) {
      const fence = /^ *```(\w*)/.exec(line);
      if (fence) block = block === null ? (fence[1] ?? '') : null;
      if (block !== null && !HAND_WRITTEN.has(block)) return [];
      if (/^ *\|/.test(line)) return [];
    }
    return [...line].length > MAX_COLUMNS ? [index + 1] : [];
  });
}

test('no more lines are too long than were', () => {
  const found = Map.groupBy(
    repositoryFiles()
      .filter(isChecked)
      .flatMap((file) =>
        tooLong(readFileSync(join(ROOT, file), 'utf8'), file.endsWith('.md')).map((line) => `${file}:${line}`),
      ),
    (place) => (place.includes('/') ? (place.split('/')[0] ?? '') : '.'),
  );
  const problems = [...new Set([...found.keys(), ...Object.keys(baseline)])].toSorted().flatMap((folder) => {
    const places = found.get(folder) ?? [];
    const limit = baseline[folder] ?? 0;
    if (places.length < limit) return `${folder}: lower the baseline to ${places.length}`;
    if (places.length === limit) return [];
    return [`${folder}: ${places.length} lines are longer than ${MAX_COLUMNS} columns, ${limit} were:`, ...places];
  });
  expect(problems).toEqual([]);
});

const long = 'x'.repeat(MAX_COLUMNS + 1);

test.each([
  ['a line', long, false, [1]],
  ['a line of just the width', 'x'.repeat(MAX_COLUMNS), false, []],
  ['a line of characters that take two code units each', '𠮷'.repeat(MAX_COLUMNS), false, []],
  ['a line of Markdown', `# A\n${long}`, true, [2]],
  ['a row of a table', `| ${long} |`, true, []],
  ['a line of code that begins with |', `| ${long}`, false, [1]],
  ['recorded output', `\`\`\`\n${long}\n\`\`\`\n${long}`, true, [4]],
  ['code in a document', `\`\`\`ts\n${long}\n\`\`\``, true, [2]],
])('%s is counted as it should be', (_, text, isMarkdown, expected) => {
  expect(tooLong(text, isMarkdown)).toEqual(expected);
});
