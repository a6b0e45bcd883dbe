import type { ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import { filterOperation } from '#policy/filter.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Moment, Read, SubgraphContext } from '#kit/context.ts';
import { faultOf } from '#kit/faults.ts';
import type { Log } from '#kit/log.ts';
import { createOutage, type Outage } from '#kit/outage.ts';
import { createRetryBudget, readTwice } from '#kit/retry.ts';
import { createRunner, type Prepared } from '#kit/runner.ts';
import { shanghaiDay } from '#standards/dates.ts';

export interface SubgraphRequest {
  readonly document: string;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  readonly moment: Moment;
  readonly signal: AbortSignal;
}

/**
 * Logs one line for each kind of failure of a call, however many fields failed: what was thrown, and where first. A
 * failure that is not of the program but of what keeps the records is an outage, which is logged once.
 */
export function logFailures(log: Log, outage: Pick<Outage, 'failed'>, errors: readonly GraphQLError[]): void {
  const known = new Set<string>();
  for (const error of errors) {
    const isFault = error.extensions?.['code'] !== undefined;
    if (isFault && faultOf(error.originalError) === null) continue; // a refusal, which is no fault of the program
    const cause = error.originalError ?? error;
    if (known.has(cause.message)) continue;
    known.add(cause.message);
    if (known.size > MAX_LOGGED) return;
    const details = { path: error.path, fields: errors.length };
    if (isFault) outage.failed(cause, details);
    else log.error({ err: cause, ...details }, 'a field failed');
  }
}

const MAX_LOGGED = 5;

/**
 * Creates the execution of operations in a subgraph. Its result says under `extensions` what was read that is not
 * public, and about which self-employed businesses.
 * @param name of the subgraph, for its log
 */
export function createExecution(
  name: string,
  schema: GraphQLSchema,
  { log, now }: { readonly log: Log; readonly now: () => Date },
): (request: SubgraphRequest) => Promise<ExecutionResult> {
  const outage = createOutage({
    log,
    about: { schema: name },
    began: 'what keeps the records failed',
    over: 'what keeps the records works again',
  });
  const prepare = createRunner(schema);
  const refusals = createRefusals(schema);
  const budget = createRetryBudget();
  const run = async (operation: Prepared, request: SubgraphRequest) => {
    let reads: Read[] = [];
    let selfEmployed = new Set<string>();
    let disputed = new Map<string, string>();
    // Each attempt has its own context and notes its own reads.
    const attempt = (): Promise<ExecutionResult> => {
      reads = [];
      selfEmployed = new Set();
      disputed = new Map();
      const { viewer, moment, signal } = request;
      const context: SubgraphContext = {
        viewer,
        moment,
        today: shanghaiDay(now()),
        reads,
        selfEmployed,
        disputed,
        signal,
      };
      return operation.run(context, request.variables);
    };
    const isQuery = operation.operation.operation === 'query';
    const result = await (isQuery ? readTwice(budget, request.signal, attempt) : attempt());
    return { result, reads, selfEmployed, disputed };
  };

  return async (request) => {
    const operation = prepare(request.document, request.operationName);
    if ('errors' in operation) return operation;
    const refused = refusals(operation, request);
    if (refused.length > 0) return { data: null, errors: refused };
    const { result, reads, selfEmployed, disputed } = await run(operation, request);
    if (result.errors) logFailures(log, outage, result.errors);
    else outage.succeeded();
    if (reads.length === 0 && selfEmployed.size === 0 && disputed.size === 0) return result;
    return {
      ...result,
      extensions: {
        ...result.extensions,
        ...(reads.length > 0 ? { reads } : null),
        ...(selfEmployed.size > 0 ? { selfEmployed: [...selfEmployed] } : null),
        ...(disputed.size > 0 ? { disputed: [...disputed].map(([id, uscc]) => ({ id, uscc })) } : null),
      },
    };
  };
}

/**
 * The gateway has removed what the viewer may not see. A caller that comes with a passport and selects it all the same
 * is refused here. A document is refused or allowed alike for all callers with the same role and the same purpose or
 * none.
 */
function createRefusals(schema: GraphQLSchema) {
  const known = new WeakMap<Prepared, Map<string, readonly GraphQLError[]>>();
  return (operation: Prepared, { viewer, variables }: SubgraphRequest): readonly GraphQLError[] => {
    let byRole = known.get(operation);
    if (!byRole) known.set(operation, (byRole = new Map()));
    const key = `${viewer.role} ${viewer.purpose === null ? '' : 'for a purpose'}`;
    const found = byRole.get(key);
    if (found) return found;
    const { errors, dependsOnVariables } = filterOperation(
      schema,
      operation.document,
      operation.operation,
      variables,
      viewer,
    );
    if (!dependsOnVariables) byRole.set(key, errors);
    return errors;
  };
}
