import { checkFirst, type Connection, COUNT_LIMIT } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { statement } from '#kit/postgres/pool.ts';
import { rowParameters, rowPredicate } from '#policy/rows.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { checkReach, readActPage } from './actPages.ts';
import { type ActRow, readColumns } from './repository.ts';
import type { QueryRecomputedActsArgs } from './resolvers.generated.ts';

// The acts whose publication a recomputation has changed, and those that it left as they are, which are tasks for their
// unit: recomputation.ts.

// The parameters of the row rule come first.
const p = (n: number): string => `$${rowParameters + n}`;
// Filed again, an act that was left is no task any more.
const recomputed = `
  from disclosure.recomputed done
  join disclosure.act record
    on record.uscc = done.uscc and record.record_id = done.record_id and record.superseded_at = 'infinity'
  where done.unit = ${p(1)}
    and done.outcome = ${p(2)}
    and (done.outcome <> 'LEFT_AS_STATED' or record.version = done.version)
    and ${rowPredicate('record', 1)}`;
const find = statement(
  'disclosure.recomputed.find',
  `select ${readColumns('act')}
   ${recomputed}
     and (done.decided_on, done.record_id) < (${p(3)}::date, ${p(4)}::uuid)
   order by done.decided_on desc, done.record_id desc
   limit ${p(5)}`,
);
const count = statement(
  'disclosure.recomputed.count',
  `select count(*)::int as value from (select ${recomputed} limit ${COUNT_LIMIT + 1}) capped`,
);

/**
 * The acts of a unit that recomputations left, shortened or withheld, the latest decision first.
 * @throws UNAUTHORIZED_FIELD_OR_TYPE, BAD_USER_INPUT (PAGE_SIZE), BAD_CURSOR
 */
export function recomputedActs(
  runtime: SubgraphRuntime,
  context: SubgraphContext,
  { unit, outcome, first, after }: QueryRecomputedActsArgs,
): Promise<Connection<ActRow>> {
  checkReach(context, unit);
  checkFirst(first);
  return readActPage(runtime, context, {
    field: 'Query.recomputedActs',
    question: [unit, outcome],
    find,
    count,
    values: [unit, outcome],
    start: ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    first,
    after,
  });
}
