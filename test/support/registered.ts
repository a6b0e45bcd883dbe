import { shanghaiDay } from '#standards/dates.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { organisationOf, type TestGraph } from './graph.ts';
import { registerUnits } from './units.ts';

// Entities and registered units, arranged for tests that are about neither.

/** A day before or after today in Shanghai, 'YYYY-MM-DD': publication runs by the clock. */
export const daysFromNow = (days: number): string => addDays(shanghaiDay(new Date()), days);

export type Cells = Record<string, string>;

/** Rows as NDJSON, one line each. */
export const lines = (rows: readonly Cells[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

/** Registers a unit for kinds of filing, of the subgraph that keeps them. */
export async function register(
  graph: TestGraph,
  schema: string,
  unit: string,
  kinds: readonly string[],
  hours = 840,
): Promise<void> {
  await registerUnits(graph.sql, schema, [unit], kinds, organisationOf('NATIONAL_CENTRE').organisation, hours);
}

/** An entity that the graph knows, published. */
export async function know(graph: TestGraph, uscc: string): Promise<void> {
  const unit = organisationOf('SECTOR_REGULATOR').organisation;
  await register(graph, 'entity', unit, ['entity']);
  const { added } = await graph.file(
    'entity',
    lines([
      {
        DJ_SHXYM: uscc,
        DJ_MC: '示例云帆零售有限公司',
        DJ_LX: '企业',
        DJ_ZT: '存续',
        DJ_QHDM: uscc.slice(2, 8),
        DJ_CLRQ: '2015/05/05',
        DJ_DJJG: '示例登记机关',
        DJ_DJJGDM: unit,
        DJ_LYDW: '示例登记机关',
        DJ_LYDWDM: unit,
      },
    ]),
    { format: 'NDJSON' },
  );
  if (added !== 1) throw new Error(`${uscc} was not recorded`);
}
