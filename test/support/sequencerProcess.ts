import { createSequencer, type SequencerState, type SequencerTimings } from '#gateway/feed/sequencer.ts';
import { silentLog } from '#kit/log.ts';
import { releasedRules } from '#standards/ruleSets.ts';

// A sequencer in a process of its own, so that it can be stopped (gateway/feed/sequencer.test.ts). It reports its
// state.

export interface ChildOptions {
  readonly url: string;
  readonly timings: Partial<SequencerTimings>;
}

export interface ChildReport {
  readonly phase: SequencerState['phase'];
  readonly moved: number;
  readonly fenced: number;
}

const { url, timings } = JSON.parse(process.argv[2] ?? '') as ChildOptions;

const report = ({ phase }: SequencerState): void => {
  const { moved, fenced } = sequencer.metrics();
  process.send?.({ phase, moved, fenced } satisfies ChildReport);
};
const sequencer = createSequencer({
  url,
  holder: 'child',
  rules: { fresh: () => Promise.resolve(releasedRules) },
  log: silentLog,
  now: () => new Date(),
  onBatch: () => report(sequencer.state()),
  onState: report,
  timings,
});
sequencer.start();
process.on('disconnect', () => process.exit());
