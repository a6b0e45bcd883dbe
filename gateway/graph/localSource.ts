import type { GraphQLError } from 'graphql';
import { createBreaker, type Outcome } from '#kit/breaker.ts';
import { faultOf } from '#kit/faults.ts';
import type { FilingIntake, Subgraph } from '#records/subgraph.ts';
import { SubgraphUnavailable } from './engine/transport.ts';
import { contextOf, type Source } from './sources.ts';
import { withDeadline } from './sourceDeadlines.ts';

const never = new AbortController().signal;

function intakeOf(subgraph: Subgraph, kind: string): FilingIntake {
  const intake = subgraph.filings[kind];
  if (!intake) throw new SubgraphUnavailable(`${subgraph.name} keeps no filings of kind ${kind}`);
  return intake;
}

/**
 * After this many calls in a row that failed because of its database, a subgraph is not called for a while; then one
 * call probes.
 */
const BREAKER_FAILURES = 5;
const BREAKER_OPEN_MS = 1000;
/** Longer than a statement and the wait for a connection may take: a call that is later than this hangs. */
const LOCAL_DEADLINE_MS = 10_000;

/** A subgraph in this process: it receives the viewer object itself. */
export function createLocalSource(subgraph: Subgraph): Source {
  const breaker = createBreaker({
    failures: BREAKER_FAILURES,
    openMs: () => BREAKER_OPEN_MS,
    refusal: () => new SubgraphUnavailable('the breaker is open'),
  });
  const outcomeOf = (errors: readonly GraphQLError[] | undefined, signal: AbortSignal): Outcome => {
    if (!errors?.some(({ originalError }) => faultOf(originalError))) return 'answered';
    return signal.aborted ? 'unknown' : 'failed';
  };
  return {
    name: subgraph.name,
    kinds: subgraph.kinds,
    isBreakerOpen: () => breaker.isOpen(),
    transport: {
      async execute(call) {
        const { viewer, moment } = contextOf(call);
        const signal = call.signal ?? never;
        const leave = breaker.enter();
        let outcome: Outcome = 'failed';
        try {
          const asked = {
            document: call.operation.document,
            operationName: call.operation.name,
            variables: call.variables,
            viewer,
            moment,
            signal,
          };
          const { data, errors, extensions } = await withDeadline(subgraph.execute(asked), LOCAL_DEADLINE_MS);
          outcome = outcomeOf(errors, signal);
          return { data: data ?? null, ...(errors ? { errors } : null), ...(extensions ? { extensions } : null) };
        } finally {
          leave(outcome);
        }
      },
    },
    status: () => subgraph.status(),
    file: (viewer, part, bytes) => intakeOf(subgraph, part.kind)(viewer, part, bytes),
    weighReplacement: (viewer, kind, filing) => intakeOf(subgraph, kind).replacement.weigh(viewer, filing),
    applyReplacement: (viewer, kind, filing, at) => intakeOf(subgraph, kind).replacement.apply(viewer, filing, at),
    discardReplacement: (viewer, kind, filing) => intakeOf(subgraph, kind).replacement.discard(viewer, filing),
    decideConflict: (viewer, kind, conflict) => intakeOf(subgraph, kind).decideConflict(viewer, conflict),
    registerUnits: (viewer, units) => subgraph.units.register(viewer, units),
    unitsOf: (_, unit) => subgraph.units.of(unit),
    async heads(viewer, topic, ask) {
      const read = Object.hasOwn(subgraph.heads, topic) ? subgraph.heads[topic] : undefined;
      if (!read) throw new SubgraphUnavailable(`${subgraph.name} keeps no records of topic ${topic}`);
      return read(viewer, ask);
    },
    [Symbol.asyncDispose]: () => subgraph[Symbol.asyncDispose](),
  };
}
