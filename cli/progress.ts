import cliProgress from 'cli-progress';

export interface Progress {
  /** How much is done, of the total. */
  update(done: number): void;
  stop(): void;
}

export interface ProgressLine {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** What is counted, in the plural. */
  readonly unit: string;
  readonly seconds: number;
}

const BAR = 24;
const thousands = (count: number): string => Math.round(count).toLocaleString('en').replaceAll(',', ' ');

/** `penalties   ━━━━━━━━────────   50%   5 000 of 10 000 rows   1 250 rows/s` */
export function progressLine({ label, done, total, unit, seconds }: ProgressLine): string {
  const share = total === 0 ? 1 : Math.min(done / total, 1);
  const full = Math.floor(share * BAR);
  // Under a tenth of a second a rate says nothing.
  const rate = seconds < 0.1 || done === 0 ? '' : `   ${thousands(done / seconds)} ${unit}/s`;
  return `${label.padEnd(14)} ${'━'.repeat(full)}${'─'.repeat(BAR - full)} ${String(Math.floor(share * 100)).padStart(3)}%   ${thousands(done)} of ${thousands(total)} ${unit}${rate}`;
}

/** A bar on standard error where that is a terminal; nothing elsewhere, and nothing is left of it when it is done. */
export function createProgress(label: string, total: number, unit = 'rows'): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    fps: 10,
    format: (_options, { value, total: all, startTime }) => progressLine({ label, done: value, total: all, unit, seconds: (Date.now() - startTime) / 1000 }),
  });
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}
