import type { PrismaClient } from '#prisma/client.ts';
import { callBy, once, type Once } from '#gateway/database/idempotency.ts';
import type { Viewer } from '#policy/viewer.ts';

/** The subgraphs to which units file keep the units themselves; this stores that they were registered. */
export interface UnitRepository {
  /** Registers units under the key. @param work registers them; it is safe to run twice */
  register(viewer: Viewer, input: { idempotencyKey: string }, work: () => Promise<string>): Promise<Once<string>>;
}

export const createUnitRepository = (prisma: PrismaClient, now: () => Date): UnitRepository => ({
  register: (viewer, input, work) => once(prisma, callBy(viewer, 'registerSourceUnits', input, now()), work),
});
