import type { Side } from './measure.ts';
import type { Worker } from './processes.ts';

export interface Settings {
  /** `ci`: 20 000 entities with 120 000 acts, and 100 000 licences to file. `full`: 1 000 000 with 6 000 000, and 1 000 000 too. */
  readonly scale: 'ci' | 'full';
  /** Where the databases of the benchmarks are kept. */
  readonly dataDir: string;
  readonly rounds: number;
  readonly warmUp: number;
  readonly inFlight: number;
  /** Requests of a round: rows 1–3; one file a request; a hundred codes a request. */
  readonly engineOperations: number;
  readonly fileOperations: number;
  readonly batchOperations: number;
}

/** What every row is run with. */
export interface Bench {
  readonly client: Worker<null>;
  readonly settings: Settings;
  readonly say: (line: string) => void;
  /** Takes the profile that was asked for, if one was; then nothing is measured. @throws Error when it is none of these. */
  readonly profile: (
    candidates: Readonly<Record<string, readonly [Worker<unknown>, Side | undefined]>>,
  ) => Promise<boolean>;
}
