import type { Log } from '#kit/log.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { createRepeated, type Repeated } from '#kit/repeatedWorker.ts';
import { createRuns, type RunMetrics } from '#kit/telemetry/runs.ts';
import { may } from '#policy/actions.ts';
import { isRole } from '#policy/roles.ts';
import { createViewer, type Viewer } from '#policy/viewer.ts';
import type { GrantStore } from '#gateway/auth/grantedViewers.ts';
import {
  type ExportEnd,
  findProgress,
  finishExport,
  GIVEN_UP_HOURS,
  type Lease,
  LEASE_MS,
  type LeasedExport,
  recordPart,
  releaseLease,
  renewLease,
  takeLease,
} from './leases.ts';
import type { ExportContent, ExportReader } from './reader.ts';

// Makes exports, part by part. Any gateway continues where another one was killed.

const EVERY_MS = 2000;

export interface ExportMetrics {
  ended(as: ExportEnd): void;
}

export interface ExportWorkerOptions {
  readonly pool: Pool;
  readonly reader: ExportReader;
  readonly grants: Pick<GrantStore, 'scopes'>;
  readonly log: Log;
  readonly metrics?: ExportMetrics;
  readonly runs?: RunMetrics;
}

export function createExportWorker(options: ExportWorkerOptions): Repeated {
  const runs = createRuns({
    work: 'exports',
    schema: 'gateway',
    log: options.log,
    metrics: options.runs,
    began: 'an export could not be made; it goes on later',
    over: 'exports are made again',
  });
  /** The last export that was leased could not be made: it continues after its lease has ended. */
  let isOneLeft = false;
  return createRepeated({
    async step(closing) {
      const leased = await takeLease(options.pool);
      if (leased) {
        isOneLeft = true;
        await makeExport(options, leased, closing);
        isOneLeft = false;
      }
      // It is no success when there is nothing to do until the lease of a failed export ends.
      if (!isOneLeft) runs.succeeded();
      return leased !== null;
    },
    // After a failure an export continues when its lease has ended.
    failed: (error) => runs.failed(error),
    everyMs: EVERY_MS,
  });
}

/** Makes what is left of an export, until it has ended, another gateway has it, or this gateway closes. */
async function makeExport(options: ExportWorkerOptions, leased: LeasedExport, closing: AbortSignal): Promise<void> {
  const { pool, reader, grants } = options;
  const { id } = leased;
  let lease: Lease = leased;
  if (leased.isGivenUp && lease.status !== 'CANCELLING')
    return end(options, id, lease, 'FAILED', `It could not be made within ${GIVEN_UP_HOURS} hours.`);
  const viewer = await ownerOf(grants, leased);
  if (!viewer)
    return end(options, id, lease, 'FAILED', 'The organisation no longer has the grant that it was made with.');
  let from = await findProgress(pool, id);
  while (!closing.aborted) {
    if (lease.status === 'CANCELLING') return end(options, id, lease, 'CANCELLED');
    // Within its lease: while a source is down, other exports do not wait.
    const until = performance.now() + LEASE_MS;
    const isOver = (): boolean => closing.aborted || performance.now() > until;
    const part = await reader.part({ content: leased, viewer, from, to: null, isOver });
    if (!part) return end(options, id, lease, 'COMPLETED');
    const recorded = await recordPart(pool, id, lease, from, part);
    if (!recorded) return; // another gateway has it now
    from = recorded;
    const renewed = await renewLease(pool, id, lease);
    if (!renewed) return;
    lease = renewed;
  }
  await releaseLease(pool, id, lease);
}

async function end(
  { pool, metrics, log }: ExportWorkerOptions,
  id: string,
  lease: Lease,
  as: ExportEnd,
  failure: string | null = null,
): Promise<void> {
  if (!(await finishExport(pool, id, lease, as, failure))) return; // another gateway has it now, and ends it
  metrics?.ended(as);
  if (failure !== null) log.warn({ export: id, failure }, 'an export was given up');
}

/** The viewer for whom an export is made; null when it no longer has such a grant. */
async function ownerOf(
  grants: Pick<GrantStore, 'scopes'>,
  { organisation, role, province, sector, purpose }: ExportContent,
): Promise<Viewer | null> {
  if (!isRole(role)) return null;
  const scope = (await grants.scopes(organisation, role)).find(
    (each) => each.province === province && each.sector === sector,
  );
  if (!scope) return null;
  const viewer = createViewer({
    role,
    organisation,
    ...scope,
    purposes: purpose === null ? [] : [purpose],
    purpose,
    tokenId: null,
  });
  return may(viewer, 'changes:follow') ? viewer : null;
}
