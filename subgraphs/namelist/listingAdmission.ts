import { query, statement } from '#kit/postgres/pool.ts';
import { staleState, type Refusal, refuse } from '#kit/refusals.ts';
import { notAdmitted } from '#records/filing/admission.ts';
import { provinceOfCode } from '#standards/divisions.ts';
import { NOT_IN_REPLACEMENT } from '#records/record.ts';
import type { Scope } from '#records/sourceUnits.ts';
import { mayChangeListing } from '#policy/filings.ts';
import type { EntryFiling } from './ingest.ts';
import type { ListingTransaction } from './listingTransaction.ts';
import type { CurrentEntry, EntryKey } from './versions.ts';

// Who may change which entry of a list. A proposal and its decision check the same.

const registered = statement(
  'namelist.source_unit.registered',
  `select province, sector
   from namelist.source_unit
   where uscc = $1
     and kind = 'name-list'
     and registered_by is not null
   limit 1`,
);

/**
 * The reason why the unit may not decide about this entry; null when it may. It may decide about what it may file
 * (records/filing/admission.ts).
 * @param path the path in the input to refuse
 */
export async function notAuthorised(
  { client, context: { viewer, today }, unit, rules }: ListingTransaction,
  entry: EntryFiling,
  path: string,
): Promise<{ readonly refused: Refusal } | null> {
  const [scope] = await query<Scope>(client, registered, [unit]);
  const refused = notAdmitted(
    viewer,
    { ...entry, source_unit: unit },
    { scope, mayBeUnregistered: rules.find('FILING', 'UNREGISTERED_UNITS_MAY_FILE', today)?.number === 1 },
  );
  return refused && refuse(refused.code, refused.message, path);
}

/**
 * The current entry, when the viewer's unit may change it and it is at the version that the caller read.
 * @param key null for an id that is none of an entry
 * @param path the path of its id in the input
 * @param versionPath the path of its version in the input
 */
export async function findChangeable(
  { client, context, versions }: ListingTransaction,
  key: EntryKey | null,
  version: number,
  path: string,
  versionPath: string,
): Promise<{ readonly currentVersion: CurrentEntry } | { readonly refused: Refusal }> {
  const currentVersion = key && (await versions.find(client, context, key));
  if (!currentVersion) return refuse('NOT_FOUND', 'No list entry with this id is known to you.', path);
  const { determining_unit, sector, withdrawn_on, withdrawal_reason } = currentVersion;
  if (
    !mayChangeListing(context.viewer, {
      sector,
      determiningUnit: determining_unit,
      determiningProvince: determining_unit && provinceOfCode(determining_unit),
    })
  )
    return refuse('NOT_YOURS', 'Your organisation may not change this entry: another unit decided it.', path);
  if (withdrawn_on !== null && withdrawal_reason !== NOT_IN_REPLACEMENT)
    return staleState('WITHDRAWN', `The entry was withdrawn on ${withdrawn_on}.`, path);
  if (currentVersion.version !== version)
    return staleState('VERSION', `The entry is at version ${currentVersion.version} now: read it again.`, versionPath);
  return { currentVersion };
}
