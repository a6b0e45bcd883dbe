import { caseOf } from './generate.ts';
import { runCase } from './run.ts';
import type { FuzzCase, Outcome } from './run.ts';

// One case after another for the process that forked this one: a planner that aborts takes this process alone.

export type Task = { readonly seed: number } | { readonly given: FuzzCase };
export interface Reply {
  readonly outcome: Outcome;
}

process.on('message', (task: Task) => {
  void answer(task).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit());

async function answer(task: Task): Promise<Reply> {
  try {
    return { outcome: await runCase('seed' in task ? caseOf(task.seed) : task.given) };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      outcome: {
        status: 'failed',
        kind: 'fuzzer',
        problems: [{ kind: 'fuzzer', what, path: '' }],
        engine: null,
        expected: null,
      },
    };
  }
}
