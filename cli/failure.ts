/** How a command can end. Listed in `--help` of the commands that use them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, someRejected: 3, waits: 4, changesMissing: 5 } as const;

/** Something the user can mend: shown as one sentence, and a second one that says what to do. Everything else is a bug and keeps its stack. */
export class Failure extends Error {
  readonly advice: string | null;
  readonly exitCode: number;

  constructor(message: string, options: { advice?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.advice = options.advice ?? null;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

export const usage = (message: string, advice?: string): Failure => new Failure(message, { exitCode: exitCodes.usage, ...(advice === undefined ? null : { advice }) });
