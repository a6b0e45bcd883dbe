// What a load finds: how many answers of each kind, how long they took, and what was wrong.

export interface Findings {
  readonly counts: Record<'right' | 'partial' | 'refused' | 'lost' | 'skipped' | 'events', number>;
  /** What was wrong, how often, and with what for example. */
  readonly violations: ReadonlyMap<string, { count: number; readonly example: string }>;
  /** Answers so far. */
  answered(): number;
  /** ms */
  slowestMs(): number;
  /** 99 of 100 answers took no longer. ms */
  p99Ms(): number;
  addAnswer(ms: number): void;
  addLost(kind: string, reason: string, example: string): void;
  addViolation(kind: string, what: string, example: string): void;
  /** How long a request took, whether it was answered or not. ms */
  addDuration(ms: number): void;
}

/** `mayLose`: whether a connection that breaks is no violation. */
export function createFindings(mayLose: boolean): Findings {
  const counts = { right: 0, partial: 0, refused: 0, lost: 0, skipped: 0, events: 0 };
  const latencies: number[] = [];
  const violations = new Map<string, { count: number; readonly example: string }>();
  let slowestMs = 0;
  const addViolation = (kind: string, what: string, example: string): void => {
    const key = `${kind}: ${what}`;
    const known = violations.get(key);
    if (known) known.count += 1;
    else violations.set(key, { count: 1, example: example.slice(0, 500) });
  };
  return {
    counts,
    violations,
    answered: () => latencies.length,
    slowestMs: () => slowestMs,
    p99Ms: () => latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? 0,
    addAnswer: (ms) => void latencies.push(ms),
    addDuration: (ms) => void (slowestMs = Math.max(slowestMs, ms)),
    addLost(kind, reason, example) {
      counts.lost += 1;
      if (!mayLose) addViolation(kind, `lost: ${reason}`, example);
    },
    addViolation,
  };
}
