import { getArgumentValues, type GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { coerceVariables } from '#gateway/graph/engine/variables.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import type { Session } from '#gateway/auth/session.ts';
import { type ChangeFilter, type FilterInput, readFilter } from './filter.ts';
import type { Audience } from './render.ts';
import type { EventQuery } from './selection.ts';
import type { StreamRequest } from './subscriber.ts';
import type { Topics } from './topics.ts';

/** What a subscription asks for, checked: the caller may have it. */
export interface CheckedRequest {
  readonly filter: ChangeFilter;
  /** The cursor after which the stream begins, not opened yet; null: it begins at the end of the log. */
  readonly after: string | null;
  readonly audience: Audience;
}

export interface RequestParts {
  readonly topics: Topics;
  readonly graph: Graph;
  /** Whether the watchlist belongs to the viewer's organisation, in its role. */
  readonly ownsWatchlist: (viewer: Session['viewer'], id: string) => Promise<boolean>;
}

/**
 * Checks a subscription as a query is checked, by running it as a query without events, and reads the stream's own
 * arguments.
 * @returns the errors of the query, where it is refused
 * @throws BAD_USER_INPUT for its filter, NOT_FOUND for a watchlist of others
 */
export async function checkRequest(
  { graph, topics, ownsWatchlist }: RequestParts,
  request: StreamRequest,
  query: EventQuery,
): Promise<CheckedRequest | { readonly errors: readonly GraphQLError[] }> {
  const { session, mode, variables, operationName, address, reportsCost = false, charge } = request;
  const { viewer } = session;
  const coerced = coerceVariables(graph.schema, request.operation, variables);
  if ('errors' in coerced && coerced.errors) return { errors: coerced.errors };
  const field = graph.schema.getSubscriptionType()?.getFields()[query.field.name.value];
  const topic = topics.ofField(query.field.name.value);
  if (!field || !topic)
    return { errors: [clientError('BAD_USER_INPUT', 'There is no such subscription.', { reason: 'SUBSCRIPTION' })] };
  const answer = await graph.run({
    document: query.document,
    operation: query.operation,
    operationName,
    variables,
    viewer,
    mode,
    address,
    reportsCost,
    charge,
    events: [],
  });
  if (!(answer.data?.[query.key] as { events?: unknown } | null | undefined)?.events)
    return { errors: answer.errors ?? [] };
  const given = getArgumentValues(field, query.field, coerced.variables) as {
    filter: FilterInput;
    after?: string | null;
  };
  const filter = readFilter(topic, given.filter);
  if (filter.watchlist !== null && !(await ownsWatchlist(viewer, filter.watchlist)))
    throw clientError('NOT_FOUND', 'Your organisation has no watchlist with this id.', {
      argument: 'filter.watchlist',
    });
  const cost = answer.extensions?.['cost'];
  const audience: Audience = {
    query,
    operationName,
    variables,
    viewer,
    mode,
    ...(cost === undefined ? null : { cost }),
  };
  return { filter, after: request.lastEventId ?? given.after ?? null, audience };
}
