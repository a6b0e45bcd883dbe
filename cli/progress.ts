import cliProgress from 'cli-progress';

export interface Progress {
  /** The amount that an earlier run has done. It counts as done, but not for the rate. */
  begin(done: number): void;
  /** The amount that is done, of the total. */
  update(done: number): void;
  stop(): void;
}

export interface ProgressLine {
  readonly label: string;
  readonly done: number;
  readonly total: number;
  /** The name of the counted things, in the plural. */
  readonly unit: string;
  readonly seconds: number;
  /** The amount that an earlier run had done when these seconds began. */
  readonly before?: number;
}

const BAR = 24;
const thousands = (count: number): string => Math.round(count).toLocaleString('en').replaceAll(',', ' ');

/** '42 s', '3 min', '2 h 5 min', rounded up. */
function lengthOf(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `penalties   ━━━━━━━━────────   50%   5 000 of 10 000 rows   1 250 rows/s   4 s left` */
export function progressLine({ label, done, total, unit, seconds, before = 0 }: ProgressLine): string {
  const share = total === 0 ? 1 : Math.min(done / total, 1);
  const full = Math.floor(share * BAR);
  // A rate over less than a tenth of a second is meaningless.
  const perSecond = seconds < 0.1 ? 0 : (done - before) / seconds;
  const left = perSecond > 0 && done < total ? `   ${lengthOf((total - done) / perSecond)} left` : '';
  const rate = perSecond > 0 ? `   ${thousands(perSecond)} ${unit}/s${left}` : '';
  const bar = `${'━'.repeat(full)}${'─'.repeat(BAR - full)}`;
  const percent = `${String(Math.floor(share * 100)).padStart(3)}%`;
  return `${label.padEnd(14)} ${bar} ${percent}   ${thousands(done)} of ${thousands(total)} ${unit}${rate}`;
}

/** A progress bar on standard error when that is a terminal, else nothing. The bar is removed when it is done. */
export function createProgress(label: string, total: number, unit = 'rows'): Progress {
  if (!process.stderr.isTTY) return { begin: () => {}, update: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    fps: 10,
    format: (_options, { value, total: all, startTime }) =>
      progressLine({ label, done: value, total: all, unit, seconds: (Date.now() - startTime) / 1000, before }),
  });
  let before = 0;
  bar.start(total, 0);
  return {
    begin: (done) => bar.update((before = done)),
    update: (done) => bar.update(done),
    stop: () => bar.stop(),
  };
}
