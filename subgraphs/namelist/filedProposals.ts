import { randomUUID } from 'node:crypto';
import { auditChange } from '#records/outbox.ts';
import { notCorrectable } from '#records/filing/admission.ts';
import type { ProposedRows, SecondPerson, WholeRow } from '#records/filing/intake.ts';
import { stagedColumns } from '#records/filing/record.ts';
import { type Client, query, statement, transaction } from '#kit/postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from '#records/record.ts';
import type { FilingPart, RowOutcome, SubgraphRuntime } from '#records/subgraph.ts';
import { needsSecondPerson } from '#policy/filings.ts';
import type { Viewer } from '#policy/viewer.ts';
import { type EntryColumn, type EntryFiling, table } from './ingest.ts';
import { createProposals, type ListingAction, type ProposalRow, type Proposals } from './proposals.ts';
import { createEntryVersions, type EntryVersions } from './versions.ts';

// A list of serious violations is changed by two persons of its authority (design §7). A filing by the authority itself
// about such a list is therefore a proposal, like those of `proposeListing`, `removeListing` and `correctListing`, and
// `decideListing` decides it. Rows that a platform collects from an authority are recorded at once: they name the
// authority and its document.

/** The current entry, with the columns that are needed to compare it with a filed row. */
interface CurrentEntry extends EntryFiling {
  readonly version: number;
  readonly digest: string;
  readonly withdrawn_on: string | null;
  readonly withdrawal_reason: string | null;
}

/** A proposal of the unit that waits for its decision. */
type OpenProposal = Pick<ProposalRow, 'id' | 'uscc' | 'record_id'> & { readonly proposed_entry: EntryFiling };

const DEADLINE_MS = 60_000;

const currentEntries = statement(
  'namelist.entry.standing_of_rows',
  `select ${stagedColumns(table)
    .map((column) => `entry.${column}`)
    .join(', ')},
          entry.version, encode(entry.digest, 'hex') as digest, entry.withdrawal_reason
   from unnest($1::text[], $2::uuid[]) as row(uscc, record_id)
   join namelist.entry
     on entry.uscc = row.uscc
     and entry.record_id = row.record_id
     and entry.superseded_at = 'infinity'`,
);
const openProposals = statement(
  'namelist.proposal.open_of_rows',
  `select proposal.id, proposal.uscc, proposal.record_id, proposal.filed as proposed_entry
   from unnest($2::text[], $3::uuid[]) as row(uscc, record_id)
   join namelist.proposal
     on proposal.uscc = row.uscc
     and proposal.record_id = row.record_id
     and proposal.state = 'PROPOSED'
     and proposal.unit = $1
   order by proposal.proposed_at, proposal.id`,
);
// A proposed row does not count as missing from an open full replacement, whether of this filing or another.
const noteSeen = statement(
  'namelist.filed_row.note_proposed',
  `insert into namelist.filed_row (filing_id, uscc, record_id, stood)
   select filing.filing_id, row.uscc, row.record_id, row.stood
   from (
     select replacing.filing_id
     from namelist.replacing_filing replacing
     where replacing.open
       and replacing.kind = 'name-list'
       and replacing.unit = $1
     union
     select $5::uuid where $5::uuid is not null
   ) filing
   cross join unnest($2::text[], $3::uuid[], $4::boolean[]) as row(uscc, record_id, stood)
   on conflict do nothing`,
);

const keyOf = ({ uscc, record_id }: { readonly uscc: string; readonly record_id: string }): string =>
  `${uscc} ${record_id}`;
/** Whether a full replacement of its source unit did not name the entry, which is withdrawn until it is filed again. */
const isMissing = ({ withdrawn_on, withdrawal_reason }: CurrentEntry): boolean =>
  withdrawn_on !== null && withdrawal_reason === NOT_IN_REPLACEMENT;

interface FiledProposalDependencies extends Pick<SubgraphRuntime, 'instants' | 'rules' | 'now'> {
  readonly proposals: Proposals;
  readonly versions: EntryVersions;
}

/** The transaction in which rows of one part become proposals. */
interface ProposingTransaction {
  readonly client: Client;
  readonly viewer: Viewer;
  readonly unit: string;
  readonly part: FilingPart;
  readonly at: string;
}

type Row = WholeRow<EntryColumn>;
type Problem = ProposedRows['refused'][number]['problem'];

/** A row that is not refused, with the entry that it is about. */
interface TakenRow {
  readonly row: Row;
  readonly entry: CurrentEntry | undefined;
  readonly result: Pick<RowOutcome, 'outcome' | 'record' | 'proposal'>;
}

/** What is known of the entries of the rows: the current version of each, and the open proposals of the unit. */
interface KnownEntries {
  readonly currentVersions: ReadonlyMap<string, CurrentEntry>;
  readonly openProposals: ReadonlyMap<string, readonly OpenProposal[]>;
}

/** Creates what makes proposals of rows that one person may not record alone. */
export function createFiledProposals(runtime: SubgraphRuntime): SecondPerson<EntryColumn> {
  const { pool, instants, rules, now } = runtime;
  const dependencies: FiledProposalDependencies = {
    instants,
    rules,
    now,
    proposals: createProposals(pool),
    versions: createEntryVersions(runtime),
  };
  return {
    isFor: (viewer, { category, determining_unit }) =>
      category === 'SERIOUS' && needsSecondPerson(viewer, { determiningUnit: determining_unit }),
    propose: (viewer, rows, part) =>
      transaction(
        pool,
        `propose ${table.schema}.${table.name}`,
        (client) => proposeRows(dependencies, client, viewer, rows, part),
        { deadlineMs: DEADLINE_MS },
      ),
  };
}

async function proposeRows(
  dependencies: FiledProposalDependencies,
  client: Client,
  viewer: Viewer,
  rows: readonly Row[],
  part: FilingPart,
): Promise<ProposedRows> {
  const { instants, rules, versions, now } = dependencies;
  const unit = viewer.organisation ?? '';
  // Every writer of entries holds the lock of the stamp, so the entries read here stay current until the commit.
  await instants.stamp(client);
  const known = await readKnownEntries(client, unit, rows);
  const proposing: ProposingTransaction = { client, viewer, unit, part, at: now().toISOString() };
  const taken: TakenRow[] = [];
  const refused: { number: number; problem: Problem }[] = [];
  let proposed = 0;
  for (const row of rows) {
    const entry = known.currentVersions.get(keyOf(row.whole));
    const record = entry ? { uscc: entry.uscc, recordId: entry.record_id, version: entry.version } : null;
    const judged = judge(versions, viewer, row, entry);
    if ('problem' in judged) refused.push({ number: row.number, problem: judged.problem });
    else if (judged.outcome === 'UNCHANGED') taken.push({ row, entry, result: { outcome: 'UNCHANGED', record } });
    else {
      const open = known.openProposals
        .get(keyOf(row.whole))
        ?.find((each) => versions.restates(row.whole, each.proposed_entry));
      const id = open?.id ?? (await insertProposal(dependencies, proposing, row.whole, entry, judged.actor));
      if (!open) proposed += 1;
      taken.push({ row, entry, result: { outcome: 'PENDING', record, proposal: { uscc: row.whole.uscc, id } } });
    }
  }
  await noteFiled(proposing, taken);
  // Unchanged entries count as filed by the unit in time. Pending ones are not recorded yet.
  if (taken.some(({ result }) => result.outcome === 'UNCHANGED'))
    await versions.noteUnit(client, unit, await rules.fresh());
  if (proposed > 0) await auditProposed(proposing, proposed);
  return { outcomes: new Map(taken.map(({ row, result }) => [row.number, result])), refused };
}

async function readKnownEntries(client: Client, unit: string, rows: readonly Row[]): Promise<KnownEntries> {
  const keys = [rows.map(({ row }) => row.uscc), rows.map(({ row }) => row.record_id)];
  const entries = await query<CurrentEntry>(client, currentEntries, keys);
  const open = await query<OpenProposal>(client, openProposals, [unit, ...keys]);
  return {
    currentVersions: new Map(entries.map((entry) => [keyOf(entry), entry])),
    openProposals: Map.groupBy(open, keyOf),
  };
}

/** Whether a row changes its entry, and who proposes the change; or why the row is refused. */
function judge(
  versions: EntryVersions,
  viewer: Viewer,
  row: Row,
  entry: CurrentEntry | undefined,
): { readonly problem: Problem } | { readonly outcome: 'UNCHANGED' } | { readonly outcome: 'PENDING'; actor: string } {
  const isSame = entry !== undefined && (entry.digest === row.digest || restates(versions, row.whole, entry));
  const problem = entry && !isSame ? whyNot(viewer, entry) : null;
  if (problem) return { problem };
  if (entry && isSame && !isMissing(entry)) return { outcome: 'UNCHANGED' };
  if (viewer.actor !== null) return { outcome: 'PENDING', actor: viewer.actor };
  return {
    problem: {
      code: 'ACTOR',
      message:
        'A list of serious violations is changed by two persons of its authority: the token has to say ' +
        'who acts (claim `actor`), and another person decides with decideListing.',
    },
  };
}

/** Whether a row states what the current entry states. A day of withdrawal that it leaves out stays as it was. */
const restates = (versions: EntryVersions, row: EntryFiling, { withdrawn_on: day, ...entry }: CurrentEntry): boolean =>
  versions.restates(row, { ...entry, withdrawn_on: row.withdrawn_on == null ? row.withdrawn_on : day });

/** Inserts a proposal of the row. @returns its id */
async function insertProposal(
  { proposals }: FiledProposalDependencies,
  { client, unit, at }: ProposingTransaction,
  filing: EntryFiling,
  entry: CurrentEntry | undefined,
  actor: string,
): Promise<string> {
  const id = randomUUID();
  await proposals.insert(client, {
    id,
    uscc: filing.uscc,
    record_id: filing.record_id,
    action: actionOf(filing, entry),
    entry_version: entry?.version ?? null,
    unit,
    proposed_entry: filing,
    proposed_by_actor: actor,
    proposed_at: at,
  });
  return id;
}

function actionOf(filing: EntryFiling, entry: CurrentEntry | undefined): ListingAction {
  if (entry === undefined) return 'LIST';
  return filing.removed_on !== null && entry.removed_on === null ? 'REMOVE' : 'CORRECT';
}

/** Notes the rows as filed, for the full replacements of the unit that are open, and for this filing if it is one. */
async function noteFiled({ client, unit, part }: ProposingTransaction, taken: readonly TakenRow[]): Promise<void> {
  await query(client, noteSeen, [
    unit,
    taken.map(({ row }) => row.whole.uscc),
    taken.map(({ row }) => row.whole.record_id),
    taken.map(({ entry }) => entry !== undefined && entry.withdrawn_on === null && entry.source_unit === unit),
    part.replaces ? part.filingId : null,
  ]);
}

const auditProposed = ({ client, viewer, part, at }: ProposingTransaction, proposals: number): Promise<void> =>
  auditChange(client, viewer, {
    recordedAt: at,
    filingId: part.filingId,
    schema: 'namelist',
    action: part.kind,
    rows: 0,
    details: { proposals },
  });

/** The reason why a row may not change this entry, whoever decides; null when it may. */
function whyNot(viewer: Viewer, entry: CurrentEntry): { code: string; message: string } | null {
  if (entry.withdrawn_on !== null && !isMissing(entry))
    return {
      code: 'WITHDRAWN',
      message: `The entry was withdrawn on ${entry.withdrawn_on}: it is not changed any more.`,
    };
  return notCorrectable(viewer, entry);
}
