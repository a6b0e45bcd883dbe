import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type pg from 'pg';
import { organisationOf } from './graph.ts';
import { registerUnits } from './units.ts';

// The filer of generated licences through the CLI, arranged by the superuser: what an operator and a unit's platform do
// by mutations.

export const FILER = 'NATIONAL_CENTRE';

/** Gives the filer its role and registers the source units that a generated file of licences names. */
export async function letFile(client: pg.Client, path: string): Promise<void> {
  const { organisation } = organisationOf(FILER);
  await client.query('delete from gateway.grant where organisation = $1', [organisation]);
  await client.query(
    `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
      values ($1, $2, $3, now() - interval '1 minute', 'test')`,
    [randomUUID(), organisation, FILER],
  );
  const units = new Set<string>();
  let column = -1;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const cells = line.split(','); // the generator's names have no comma
    if (column < 0) column = cells.indexOf('XK_LYDWDM');
    else units.add(cells[column] ?? '');
  }
  await registerUnits(
    (text, values) => client.query(text, [...values]),
    'disclosure',
    [...units],
    ['licence'],
    organisation,
  );
}
