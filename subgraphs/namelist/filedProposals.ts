import { randomUUID } from 'node:crypto';
import { auditChange } from '#kit/feed.ts';
import { notCorrectable } from '#kit/filing/admission.ts';
import type { ProposedRows, SecondPerson, WholeRow } from '#kit/filing/door.ts';
import { type Client, query, statement, transaction } from '#kit/postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from '#kit/records.ts';
import type { FilingPart, Workshop } from '#kit/subgraph.ts';
import { needsSecondPerson } from '#policy/filings.ts';
import type { Viewer } from '#policy/viewer.ts';
import { type EntryColumn, type EntryFiling, table } from './ingest.ts';
import { createProposals } from './proposals.ts';
import { createEntryVersions } from './versions.ts';

// A list of serious violations is kept by two persons of its authority (design §7). What the authority files itself about such a list is
// therefore a proposal, as `proposeListing`, `removeListing` and `correctListing` make one, and `decideListing` decides it. Rows that a
// platform collects from an authority are recorded at once: they name the authority and its document.

/** An entry as it stands, as far as a filed row has to know it. */
interface StandingEntry {
  readonly uscc: string;
  readonly record_id: string;
  readonly version: number;
  readonly digest: string;
  readonly source_unit: string;
  readonly determining_unit: string | null;
  readonly sector: string | null;
  readonly removed_on: string | null;
  readonly withdrawn_on: string | null;
  readonly withdrawal_reason: string | null;
}

const DEADLINE_MS = 60_000;

const standingEntries = statement(
  'namelist.entry.standing_of_rows',
  `select entry.uscc, entry.record_id, entry.version, encode(entry.digest, 'hex') as digest, entry.source_unit, entry.determining_unit, entry.sector, entry.removed_on, entry.withdrawn_on, entry.withdrawal_reason
   from unnest($1::text[], $2::uuid[]) as row(uscc, record_id)
   join namelist.entry on entry.uscc = row.uscc and entry.record_id = row.record_id and entry.superseded_at = 'infinity'`,
);
const openProposals = statement(
  'namelist.proposal.open_of_rows',
  `select proposal.id, proposal.uscc, proposal.record_id, proposal.filed
   from unnest($2::text[], $3::uuid[]) as row(uscc, record_id)
   join namelist.proposal on proposal.uscc = row.uscc and proposal.record_id = row.record_id and proposal.state = 'PROPOSED' and proposal.unit = $1
   order by proposal.proposed_at, proposal.id`,
);
// What is proposed is not missing from a full replacement that is open, the filing's own or another.
const noteSeen = statement(
  'namelist.filed_row.note_proposed',
  `insert into namelist.filed_row (filing_id, uscc, record_id, stood)
   select filing.filing_id, row.uscc, row.record_id, row.stood
   from (
     select replacing.filing_id from namelist.replacing_filing replacing where replacing.open and replacing.kind = 'name-list' and replacing.unit = $1
     union
     select $5::uuid where $5::uuid is not null
   ) filing
   cross join unnest($2::text[], $3::uuid[], $4::boolean[]) as row(uscc, record_id, stood)
   on conflict do nothing`,
);

const keyOf = ({ uscc, record_id }: { readonly uscc: string; readonly record_id: string }): string => `${uscc} ${record_id}`;
const ended = ({ withdrawn_on, withdrawal_reason }: StandingEntry): boolean => withdrawn_on !== null && withdrawal_reason === NOT_IN_REPLACEMENT;

export function createFiledProposals(workshop: Workshop): SecondPerson<EntryColumn> {
  const { pool, instants, rules: ruleBook, now } = workshop;
  const proposals = createProposals(pool);
  const versions = createEntryVersions(workshop);

  async function proposeIn(client: Client, viewer: Viewer, rows: readonly WholeRow<EntryColumn>[], part: FilingPart): Promise<ProposedRows> {
    const unit = viewer.organisation ?? '';
    // Whoever writes entries holds the clock: what stands here stands until the commit.
    await instants.stamp(client);
    const keys = [rows.map(({ row }) => row.uscc), rows.map(({ row }) => row.record_id)];
    const standing = new Map((await query<StandingEntry>(client, standingEntries, keys)).map((entry) => [keyOf(entry), entry]));
    const open = Map.groupBy(await query<{ id: string; uscc: string; record_id: string; filed: EntryFiling }>(client, openProposals, [unit, ...keys]), keyOf);
    const outcomes = new Map<number, { outcome: 'PENDING' | 'UNCHANGED'; record: { uscc: string; recordId: string; version: number } | null; proposal?: { uscc: string; id: string } }>();
    const refused: { number: number; problem: { code: string; message: string } }[] = [];
    const at = now().toISOString();
    let proposed = 0;
    for (const { number, whole, digest } of rows) {
      const entry = standing.get(keyOf(whole));
      const problem = entry && entry.digest !== digest ? whyNot(viewer, entry) : null;
      const record = entry ? { uscc: entry.uscc, recordId: entry.record_id, version: entry.version } : null;
      if (problem) refused.push({ number, problem });
      else if (entry && entry.digest === digest && !ended(entry)) outcomes.set(number, { outcome: 'UNCHANGED', record });
      else if (viewer.actor === null) refused.push({ number, problem: { code: 'ACTOR', message: 'A list of serious violations is changed by two persons of its authority: the token has to say who acts (claim `actor`), and another person decides with decideListing.' } });
      else {
        let id = open.get(keyOf(whole))?.find(({ filed }) => versions.isSame(filed, whole))?.id;
        if (id === undefined) {
          id = randomUUID();
          const action = entry === undefined ? 'LIST' : whole.removed_on !== null && entry.removed_on === null ? 'REMOVE' : 'CORRECT';
          await proposals.insert(client, { id, uscc: whole.uscc, record_id: whole.record_id, action, entry_version: entry?.version ?? null, unit, filed: whole, proposed_by_actor: viewer.actor, proposed_at: at });
          proposed += 1;
        }
        outcomes.set(number, { outcome: 'PENDING', record, proposal: { uscc: whole.uscc, id } });
      }
    }
    const seen = rows.filter(({ number }) => outcomes.has(number)).map(({ whole }) => ({ ...whole, entry: standing.get(keyOf(whole)) }));
    const stood = seen.map(({ entry }) => entry !== undefined && entry.withdrawn_on === null && entry.source_unit === unit);
    await query(client, noteSeen, [unit, seen.map(({ uscc }) => uscc), seen.map(({ record_id }) => record_id), stood, part.replaces ? part.filingId : null]);
    // What it says of every entry that stands, the unit has said in time. What waits is not recorded yet.
    if ([...outcomes.values()].some(({ outcome }) => outcome === 'UNCHANGED')) await versions.noteUnit(client, unit, await ruleBook.fresh());
    if (proposed > 0) await auditChange(client, viewer, { recordedAt: at, filingId: part.filingId, schema: 'namelist', action: part.kind, rows: 0, details: { proposals: proposed } });
    return { outcomes, refused };
  }

  return {
    isFor: (viewer, { category, determining_unit }) => category === 'SERIOUS' && needsSecondPerson(viewer, { determiningUnit: determining_unit }),
    propose: (viewer, rows, part) => transaction(pool, `propose ${table.schema}.${table.name}`, (client) => proposeIn(client, viewer, rows, part), { deadlineMs: DEADLINE_MS }),
  };
}

/** Why a row may not change this entry, whoever decides; null when it may. */
function whyNot(viewer: Viewer, entry: StandingEntry): { code: string; message: string } | null {
  if (entry.withdrawn_on !== null && !ended(entry)) return { code: 'WITHDRAWN', message: `The entry was withdrawn on ${entry.withdrawn_on}: it is not changed any more.` };
  return notCorrectable(viewer, entry);
}
