import { checkFirst, type Connection, COUNT_LIMIT, type Edge, pageOf } from '#kit/connection.ts';
import { query, statement } from '#kit/postgres/pool.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import type { ActKind } from './acts.ts';

// The public notices of acts whose publication was withdrawn (withdrawal.ts).

/** A published act that was withdrawn, without its subject. */
export interface Notice {
  readonly record_id: string;
  readonly kind: ActKind;
  readonly document_no: string;
  readonly authority: string;
  readonly authority_name: string | null;
  readonly withdrawn_on: string;
  readonly reason: string;
  readonly revoked_by: string;
  readonly revoked_on: string;
}

export type NoticePage = Connection<Notice>;
export type NoticeEdge = Edge<Notice>;

// The statement of a withdrawal stays, whatever was filed after it. An act that was not published when it was
// withdrawn has no notice.
const noticed = (authority: number): string => `
     from disclosure.act record
     cross join lateral (
       select version.content->'withdrawal' as withdrawal
       from disclosure.act version
       where version.uscc = record.uscc
         and version.record_id = record.record_id
         and version.content ? 'withdrawal'
       order by version.version desc
       limit 1
     ) stated
     where record.determining_unit = $${authority}
       and record.superseded_at = 'infinity'
       and record.withdrawn_on is not null
       and record.disclosure_level = 'PUBLIC'
       and record.withdrawn_on between record.public_from and record.public_until`;
const notices = statement(
  'disclosure.withdrawal.notices',
  `select record.record_id, record.kind, record.document_no, record.determining_unit as authority,
          record.authority_name, record.withdrawn_on,
          stated.withdrawal->>'reason' as reason,
          stated.withdrawal->>'documentNo' as revoked_by,
          stated.withdrawal->>'revokedOn' as revoked_on
   ${noticed(1)}
     and (record.withdrawn_on, record.record_id) < ($2::date, $3::uuid)
   order by record.withdrawn_on desc, record.record_id desc
   limit $4`,
);
const countNotices = statement(
  'disclosure.withdrawal.count',
  `select count(*)::int as value from (select ${noticed(1)} limit ${COUNT_LIMIT + 1}) capped`,
);

/** Creates the resolver of `Query.withdrawalNotices`: the notices of an authority, the latest withdrawal first. */
export const createWithdrawalNotices =
  ({ pool, cursors }: Pick<SubgraphRuntime, 'pool' | 'cursors'>) =>
  /** @throws BAD_USER_INPUT (PAGE_SIZE), BAD_CURSOR */
  async (
    { authority, first, after }: { authority: string; first: number; after?: string | null },
    viewer: Viewer,
  ): Promise<NoticePage> => {
    checkFirst(first);
    const pager = cursors.pager('Query.withdrawalNotices', [authority], viewer);
    const [day, recordId] = pager.position(after) ?? ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
    return {
      page: pageOf(await query<Notice>(pool, notices, [authority, day, recordId, first + 1]), first),
      cursorOf: ({ withdrawn_on, record_id }) => pager.cursorOf(withdrawn_on, record_id),
      count: async () => (await query<{ value: number }>(pool, countNotices, [authority]))[0]?.value ?? 0,
    };
  };
