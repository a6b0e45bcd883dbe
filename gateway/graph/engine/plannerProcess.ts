import { QueryPlanner } from '@graphql-hive/router-query-planner';

// The entry of a planner process, the only place that loads the planner: native code that aborts ends its whole
// process, and a thread of the gateway would end the gateway. It knows no key, no token and no database, ends with its
// parent, and only plannerPool.ts starts it and sends to it.

/** The messages to a planner process: a supergraph with a number, or a text to plan by it. */
export type PlannerRequest =
  | { readonly supergraph: number; readonly sdl: string }
  | {
      readonly id: number;
      readonly supergraph: number;
      readonly text: string;
      readonly operationName: string | undefined;
      readonly cpuMs: number;
    };

/**
 * Its messages: it has read a supergraph (`error`: why it cannot), it has begun with a text, or a plan as JSON.
 * `REFUSED`: the planner refuses the text for the reason in `detail`. `LARGE`: the plan is larger than
 * `MAX_PLAN_BYTES`. `SLOW`: it has taken `cpuMs`, and the process ends, because nothing else stops it.
 */
export type PlannerReply =
  | { readonly supergraph: number; readonly error: string | null }
  | { readonly id: number; readonly begun: true }
  | { readonly id: number; readonly plan: string }
  | { readonly id: number; readonly failure: PlanFailure; readonly detail: string };

export type PlanFailure = 'REFUSED' | 'LARGE' | 'SLOW';

/** The gateway's one thread parses a plan: 4 MB take 30 ms. The largest plan within the limits has 50 KB. */
const MAX_PLAN_BYTES = 4 * 1024 * 1024;
/** Labels of progressive `@override`, of which there are none here, and the share of requests that would use one. */
const NO_LABELS: Set<string> = new Set();
const LABEL_SHARE = 50;
const LOOK_EVERY_MS = 50;

const planners = new Map<number, QueryPlanner>();

const reply = (message: PlannerReply, sent: () => void = () => {}): void =>
  void process.send?.(message, undefined, undefined, sent);
/** At once: `process.exit` waits for the thread that plans. */
const end = (): void => void process.kill(process.pid, 'SIGKILL');
const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function plan(
  text: string,
  operationName: string | undefined,
  planner: QueryPlanner | undefined,
): Promise<{ plan: string } | { failure: PlanFailure; detail: string }> {
  try {
    if (!planner) throw new Error('no such supergraph');
    // On a thread of its own, so that this one notices the end of the parent while it plans.
    const made = JSON.stringify(await planner.planAsync(text, operationName, NO_LABELS, LABEL_SHARE));
    return made.length > MAX_PLAN_BYTES ? { failure: 'LARGE', detail: `${made.length} bytes` } : { plan: made };
  } catch (error) {
    return { failure: 'REFUSED', detail: sentence(error) };
  }
}

process.on('message', (request: PlannerRequest) => {
  if ('sdl' in request) {
    try {
      planners.set(request.supergraph, new QueryPlanner(request.sdl));
      reply({ supergraph: request.supergraph, error: null });
    } catch (error) {
      reply({ supergraph: request.supergraph, error: sentence(error) });
    }
    return;
  }
  const { id, text, operationName, supergraph, cpuMs } = request;
  reply({ id, begun: true });
  // CPU time of this process, not wall-clock time: a busy machine makes no text more expensive.
  const before = process.cpuUsage();
  const looking = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < cpuMs) return;
    clearInterval(looking);
    reply({ id, failure: 'SLOW', detail: '' }, end);
  }, LOOK_EVERY_MS);
  void plan(text, operationName, planners.get(supergraph)).then((outcome) => {
    clearInterval(looking);
    reply({ id, ...outcome });
  });
});
process.on('disconnect', end);
// A Ctrl-C in the terminal is for the gateway, which ends this process after its last response.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
