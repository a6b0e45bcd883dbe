import { needs } from '#test/support/needs.ts';
import { check } from '#test/e2e/changes/checker.ts';
import { runHistory } from '#test/e2e/changes/history.ts';

/**
 * The long set of histories (docs/PROTOCOL.md): writers and subscribers through kills and stops of everything, a seed each; every other one
 * without Redis. A line each to `write`.
 * @returns how many had a violation, or a broken reader that was not found out
 */
export async function runHistories(
  { first, seeds, seconds }: { readonly first: number; readonly seeds: number; readonly seconds: number },
  write: (line: string) => void,
  say: (line: string) => void,
): Promise<number> {
  const redisServer = needs('redis-server');
  let failed = 0;
  for (let seed = first; seed < first + seeds; seed += 1) {
    const { history, broken, counts, left } = await runHistory({
      seed,
      writers: 8,
      subscribers: 50,
      seconds,
      redisServer: seed % 2 === 1 ? redisServer : null,
      say,
    });
    const violations = check(history);
    const isFound = check(broken).some(({ rule }) => rule === 'V1');
    if (violations.length > 0 || left.length > 0 || !isFound) failed += 1;
    write(
      `seed ${seed}: ${violations.length} violations; the reader by ids ${isFound ? 'lost changes, and was found out' : 'WAS NOT FOUND OUT'}; ${Object.entries(
        counts,
      )
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}`,
    );
    for (const each of left) write(`  left ${each}`);
    for (const { rule, who, what } of violations.slice(0, 20)) write(`  ${rule} ${who}: ${what}`);
  }
  write(`${seeds - failed} passed, ${failed} failed`);
  return failed;
}
