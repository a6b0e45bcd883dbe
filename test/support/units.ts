import { createCsvSplitter } from '#records/filing/csv.ts';
import { findForm } from '#standards/forms/forms.ts';
import { checkUscc } from '#standards/uscc.ts';
import { definitions } from '#subgraphs/definitions.ts';

// Registers the filers that a test needs: no row is accepted of a unit that is not registered for its kind.

/**
 * The units that rows of the form name as their source, or as the authority, which is the source where no other is
 * named. By the form's columns or our names of them.
 */
function unitsNamedIn(kind: string, text: string | Buffer, format: 'CSV' | 'NDJSON'): string[] {
  const fields =
    findForm(kind)?.fields.filter(({ name }) => name === 'sourceUnitUscc' || name === 'authorityUscc') ?? [];
  const names = fields.flatMap(({ column, name }) => [column, name]);
  // Columns and codes look the same in every encoding.
  const whole = typeof text === 'string' ? text : text.toString('latin1');
  if (format === 'NDJSON')
    return [...whole.matchAll(new RegExp(`"(?:${names.join('|')})"\\s*:\\s*"([0-9A-Z]+)"`, 'g'))].map(
      ([, unit = '']) => unit,
    );
  const [header = [], ...rows] = createCsvSplitter()(whole, true);
  // A mark may stand before the first.
  const columns = header.flatMap((cell, index) => (names.some((name) => cell.endsWith(name)) ? [index] : []));
  return rows.flatMap((row) => columns.map((index) => row[index] ?? ''));
}

type Sql = (text: string, values: readonly unknown[]) => Promise<unknown>;

/** Registers a unit for kinds of filing, of the subgraph that keeps them, as the national centre `by` would. */
export async function registerUnits(
  sql: Sql,
  schema: string,
  units: readonly string[],
  kinds: readonly string[],
  by: string,
  hours = 840,
): Promise<void> {
  await sql(
    `insert into ${schema}.source_unit (uscc, kind, promised_delay_hours, registered_by)
     select unit, kind, $3, $4 from unnest($1::text[]) unit cross join unnest($2::text[]) kind
     on conflict (uscc, kind) do update set registered_by = coalesce(source_unit.registered_by,
       excluded.registered_by)`,
    [[...new Set(units)], kinds, hours, by],
  );
}

/** Registers the units that the rows name, so that a test that is not about units can file for any. */
export async function registerNamedUnits(
  sql: Sql,
  kind: string,
  text: string | Buffer,
  format: 'CSV' | 'NDJSON',
  by: string,
): Promise<void> {
  const units = unitsNamedIn(kind, text, format).filter((unit) => checkUscc(unit).status === 'VALID');
  const schema = definitions.find(({ kinds }) => Object.hasOwn(kinds, kind))?.name;
  if (schema && units.length > 0) await registerUnits(sql, schema, units, [kind], by);
}
