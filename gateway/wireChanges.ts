import { hostname } from 'node:os';
import { type CursorSealer, createCursorSealer } from '#kit/cursor.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { createConsents } from '#records/consents.ts';
import { createRuleStore, type RuleStore } from '#records/ruleStore.ts';
import { type ChangeLog, createChangeLog } from './feed/log.ts';
import { createSequencer, type Sequencer } from './feed/sequencer.ts';
import { createWake, type Wake } from './feed/wakeUps.ts';
import { startReadingRules } from './rules/codes.ts';
import type { Source } from './graph/sources.ts';
import { createPresentStates } from './watchlists/worker.ts';
import type { WiredRights } from './wireRights.ts';
import type { Wiring } from './wiring.ts';

export interface WiredChanges {
  readonly rules: RuleStore;
  readonly cursors: CursorSealer;
  readonly changeLog: ChangeLog;
  readonly wake: Wake;
  /** It numbers nothing before it is started. */
  readonly sequencer: Sequencer;
  readonly present: ReturnType<typeof createPresentStates>;
}

/** The log of changes, their numbering, and what wakes those who wait for them. */
export function wireChanges(
  { config, databaseUrl, log, now, runs, topics, stack }: Wiring,
  pool: Pool,
  sources: readonly Source[],
  { lookUp }: WiredRights,
): WiredChanges {
  const rules = createRuleStore(pool, undefined, log);
  stack.use(startReadingRules(rules, log));
  const consents = createConsents(pool);
  const changeLog = createChangeLog(pool, (viewer, codes) => lookUp('consents', () => consents.of(viewer, codes)));
  const wake = stack.use(createWake({ databaseUrl, redisUrl: config.redisUrl, log }));
  const sequencer = stack.use(
    createSequencer({
      url: databaseUrl,
      holder: `${hostname()} ${process.pid}`,
      rules,
      log,
      now,
      onBatch: (lastSeq) => void wake.announce(lastSeq),
    }),
  );
  const present = stack.use(
    createPresentStates({ pool, topics, sources, log, now, runs, onDelivered: () => sequencer.poke() }),
  );
  return { rules, cursors: createCursorSealer(config.cursorKeys), changeLog, wake, sequencer, present };
}
