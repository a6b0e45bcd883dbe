import { rowParameters, rowPredicate } from '#policy/rows.ts';
import { catalogueItems, findCatalogueItem } from '#standards/catalogue.ts';
import { type LocalItem, localItems } from '#standards/catalogueSupplements.ts';
import { provinceOfCode } from '#standards/divisions.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { COUNT_LIMIT } from '#kit/connection.ts';
import { statement } from '#kit/postgres/pool.ts';
import { recordColumns } from './record.ts';
import type { RuleStore } from './ruleStore.ts';

// Where a subgraph keeps the items of the collection catalogue, and the statements that read them (coverage.ts).

/** The request: an item of the catalogue, from one unit. Every subgraph holds it and adds what it keeps of the item. */
export interface Coverage {
  readonly unit: string;
  readonly item: string;
}

/** Where a subgraph keeps the records of one kind of filing. */
export interface KeptKind {
  readonly table: string;
  /** The type of a record's id in the graph; `kind` is the column of that name, where `types` needs it. */
  readonly typeOf: (row: { readonly kind: string }) => string;
  readonly hasKinds?: true;
}

/** The statements of one table. */
function createKept(schema: string, { table, typeOf, hasKinds }: KeptKind) {
  const from = `${schema}.${table} record`;
  const currentVersion = (n: number): string =>
    `record.source_unit = $${n} and record.catalogue_code = $${n + 1} and record.superseded_at = 'infinity'`;
  const visible = rowPredicate('record', 1);
  const OWN = rowParameters + 1;
  return {
    table,
    typeOf,
    figures: statement(
      `${schema}.coverage.${table}.figures`,
      `select (select min(record.collected_at) from ${from} where ${currentVersion(1)}) as first,
              (select max(record.collected_at) from ${from} where ${currentVersion(1)}) as last`,
    ),
    page: statement(
      `${schema}.coverage.${table}.page`,
      `select ${recordColumns('record')}, ${hasKinds ? 'record.kind' : `'' as kind`}
       from ${from}
       where ${currentVersion(OWN)}
         and (record.collected_at, record.record_id) < ($${OWN + 2}::timestamptz, $${OWN + 3}::uuid)
         and ${visible}
       order by record.collected_at desc, record.record_id desc
       limit $${OWN + 4}`,
    ),
    count: statement(
      `${schema}.coverage.${table}.count`,
      `select count(*)::int as count
       from (
         select
         from ${from}
         where ${currentVersion(OWN)}
           and ${visible}
         limit ${COUNT_LIMIT + 1}
       ) capped`,
    ),
  };
}

export type Kept = ReturnType<typeof createKept>;

/** The items of a code in the supplements of the province of a unit, whether or not in force. */
export const localItemsOf = (rules: Rules, { unit, item }: Coverage): readonly LocalItem[] =>
  localItems(rules).filter(({ code, region }) => code === item && region === provinceOfCode(unit));

/** Where a subgraph keeps an item of the catalogue, and the kinds of filing that bring it. */
export interface KeptItem {
  readonly kept: Kept;
  readonly kinds: readonly string[];
}

/**
 * Finds where a subgraph keeps the item of a coverage: one of the national catalogue, or of a supplement.
 * @throws Error for an item whose kinds are in several tables
 */
export function createItems(
  schema: string,
  kinds: Readonly<Record<string, KeptKind>>,
): (rules: RuleStore, coverage: Coverage) => Promise<KeptItem | null> {
  const byTable = new Map<string, Kept>();
  for (const kind of Object.values(kinds))
    if (!byTable.has(kind.table)) byTable.set(kind.table, createKept(schema, kind));
  const items = new Map<string, KeptItem>();
  for (const { code, admits } of catalogueItems) {
    const own = Object.keys(admits).filter((kind) => Object.hasOwn(kinds, kind));
    const [table, ...others] = new Set(own.map((kind) => kinds[kind]?.table));
    const kept = byTable.get(table ?? '');
    if (others.length > 0)
      throw new Error(`${schema} keeps the catalogue item ${code} in several tables: ${own.join(', ')}`);
    if (kept) items.set(code, { kept, kinds: own });
  }
  return async (rules, coverage) => {
    const national = items.get(coverage.item);
    if (national || findCatalogueItem(coverage.item) !== null) return national ?? null;
    const [kind = ''] = localItemsOf(await rules.fresh(), coverage).flatMap(({ admits }) => Object.keys(admits));
    const kept = byTable.get((Object.hasOwn(kinds, kind) && kinds[kind]?.table) || '');
    return kept ? { kept, kinds: [kind] } : null;
  };
}
