/** The exit codes of the commands, which `--help` lists for the commands that use them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, someRejected: 3, waits: 4, changesMissing: 5 } as const;

/**
 * An error that the user can mend. It is shown as one sentence, with a second one that says what to do. Any other error
 * is a bug and is shown with its stack.
 */
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

export const usage = (message: string, advice?: string): Failure =>
  new Failure(message, { exitCode: exitCodes.usage, ...(advice === undefined ? null : { advice }) });
