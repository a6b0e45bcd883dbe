import { setTimeout as wait } from 'node:timers/promises';

const DEADLINE_MS = 20_000;

/**
 * Polls for a state that nothing announces, up to a deadline.
 * @returns the first answer that is neither null nor false.
 */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  deadlineMs = DEADLINE_MS,
): Promise<Exclude<Answer, null | false>> {
  for (const deadline = performance.now() + deadlineMs; ;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer as Exclude<Answer, null | false>;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await wait(10);
  }
}
