import { createRequire } from 'node:module';
import type { Profiler, Session } from 'node:inspector/promises';

// The near end of a process under test (processes.ts is the far end): it says where it listens, and answers what it spent.

/** Asked of a worker over IPC, each with a number that comes back with the answer. */
export type Ask =
  | { readonly id: number; readonly ask: 'cpu' }
  | { readonly id: number; readonly ask: 'startProfile' }
  | { readonly id: number; readonly ask: 'stopProfile' }
  | { readonly id: number; readonly ask: 'work'; readonly given: unknown };

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * Answers the benchmark for as long as it lives; ends with it.
 * @param work what `call` of processes.ts asks for, where a worker does more than listen
 */
export function serveBench(ready: unknown, work: (given: unknown) => unknown = () => undefined): void {
  let session: Session | undefined;
  const startProfile = async (): Promise<void> => {
    // Not imported: the inspector costs 3 MB that only a profile needs.
    const { Session: NewSession } = createRequire(import.meta.url)('node:inspector/promises') as {
      Session: new () => Session;
    };
    session = new NewSession();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
  };
  const stopProfile = async (): Promise<Profiler.Profile | undefined> => {
    const stopped = await session?.post('Profiler.stop');
    session?.disconnect();
    return stopped?.profile;
  };
  const answer = async (asked: Ask): Promise<unknown> => {
    if (asked.ask === 'startProfile') return startProfile();
    if (asked.ask === 'stopProfile') return stopProfile();
    if (asked.ask === 'work') return work(asked.given);
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  process.on('message', (asked: Ask) => {
    answer(asked).then(
      (value) => process.send?.({ id: asked.id, value } satisfies Answer),
      (error: unknown) =>
        process.send?.({
          id: asked.id,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        } satisfies Answer),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready });
}
