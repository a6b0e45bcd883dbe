import { pino } from 'pino';
import type { Log, LogLevel } from '#kit/log.ts';

// A log whose lines are kept. By pino itself: createLog listens to the end of the process, once for each log.
//
//   const { log, lines } = keptLog();
//   expect(lines('the keys of the issuer')).toEqual([{ level: 'warn', … }]);

export type KeptLine = Readonly<Record<string, unknown>> & { readonly level: string; readonly msg: string };

export interface KeptLog {
  readonly log: Log;
  /** The lines so far whose message begins with `begin`, without what every line has; all where nothing is named. */
  lines(begin?: string): KeptLine[];
}

const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

export function keptLog(level: LogLevel = 'info'): KeptLog {
  const kept: KeptLine[] = [];
  const write = (line: string): void => {
    const { level: number, time: _, ...rest } = JSON.parse(line) as KeptLine & { level: number; time: number };
    kept.push({ ...rest, level: levels[number] ?? String(number) });
  };
  const log = pino({ level, base: null }, { write });
  return { log, lines: (begin = '') => kept.filter(({ msg }) => msg.startsWith(begin)) };
}
