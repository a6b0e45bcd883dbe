import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded into a process under test before anything of ours (`--import`): its clock can be moved, and its memory read
// once it was collected.
//
//   { probe: 'clock', offsetMs: -600000 }     the wall clock of the process is ten minutes late from now on
//   { probe: 'memory', id: 1 }                answered with { probe: 'memory', id: 1, rss, heapUsed, external }

const RealDate = Date;
let offsetMs = 0;

class MovedDate extends RealDate {
  constructor(...given: [] | [string | number | Date]) {
    if (given.length === 0) super(RealDate.now() + offsetMs);
    else super(...given);
  }
  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function memory(): Promise<{ rss: number; heapUsed: number; external: number }> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: object) => void;
  for (let round = 0; round < 3; round += 1) {
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await settle();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

process.on('message', (message: { probe?: string; id?: number; offsetMs?: number }) => {
  if (message.probe === 'clock') {
    offsetMs = message.offsetMs ?? 0;
    globalThis.Date = MovedDate as DateConstructor;
  }
  if (message.probe === 'memory')
    void memory().then((read) => process.send?.({ probe: 'memory', id: message.id, ...read }));
});
// The channel alone keeps no process alive: its own handles do.
process.channel?.unref();
