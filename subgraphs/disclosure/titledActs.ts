import { canonicalJson } from '#kit/canonical.ts';
import { query, statement, type Pool } from '#kit/postgres/pool.ts';
import type { FormerRow } from '#records/filing/judgement.ts';
import { searchable } from '#standards/names.ts';

// Acts whose document number is only a title, such as 登字 (standards/documentNumber.ts). Two licences of one day bear
// the same, so what they are about is part of their natural key.

type Content = Readonly<Record<string, unknown>>;

/**
 * What identifies an act beside its title: its content and the number of its certificate, whatever their width, case
 * and spaces. Null where it states neither.
 */
export function matterOf({ content, certificateNo }: Content): string | null {
  const texts = [content, certificateNo].map((text) => (typeof text === 'string' ? searchable(text) : null));
  return texts.every((text) => text === null) ? null : canonicalJson(texts);
}

// One lookup in the primary key for each row, as in records/filing/comparison.ts.
const formerActs = statement(
  'disclosure.act.former',
  `select former.content
   from unnest($1::text[], $2::uuid[]) with ordinality as asked(uscc, record_id, position)
   left join lateral (
     select jsonb_build_object('content', act.content->'content', 'certificateNo', act.content->'certificateNo')
              as content
     from disclosure.act
     where act.uscc = asked.uscc and act.record_id = asked.record_id and act.superseded_at >= 'infinity'
     order by act.version desc
     limit 1
   ) former on true
   order by asked.position`,
);

/**
 * Finds the rows that were recorded before the matter was part of the key: the record of the former id is about the
 * same matter.
 */
export async function findFormerActs<Own extends string>(
  pool: Pool,
  rows: readonly FormerRow<Own>[],
): Promise<ReadonlySet<FormerRow<Own>>> {
  const found = await query<{ content: Content | null }>(pool, formerActs, [
    rows.map(({ row }) => row.uscc),
    rows.map(({ formerId }) => formerId),
  ]);
  return new Set(
    rows.filter(({ row }, place) => {
      const content = found[place]?.content;
      return content && matterOf(content) === matterOf(row.content);
    }),
  );
}
