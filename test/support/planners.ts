import { silentLog } from '#kit/log.ts';
import { createPlannerPool, type PlannerPool } from '#gateway/graph/engine/plannerPool.ts';

/** One planner process for all supergraphs of a test file, started by the first plan and ended after the last test. */
export function testPlanners(): PlannerPool {
  const planners = createPlannerPool({ size: 1, log: silentLog, bounds: { perCaller: 1000, waiting: 10_000 } });
  afterAll(() => planners[Symbol.asyncDispose]());
  return planners;
}
