import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { noteRead, noteSubject } from '#kit/fields.ts';
import { type Client, type Pool, query, statement } from '#kit/postgres/pool.ts';
import { decodeId } from '#records/record.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { EntryFiling } from './ingest.ts';

/** The marker in the ids of proposals, which contain the code of the entity. */
export const PROPOSAL = 'ListingProposal';

export type ListingAction = 'LIST' | 'REMOVE' | 'CORRECT';
export type ProposalState = 'PROPOSED' | 'APPROVED' | 'REJECTED';

/**
 * A proposal by one person of a unit, which another person decides. Only listing.ts, listingDecision.ts and
 * filedProposals.ts write it, and constraints of the table hold it to the rules.
 */
export interface ProposalRow {
  readonly id: string;
  readonly uscc: string;
  readonly record_id: string;
  readonly action: ListingAction;
  /** The version that is removed or corrected; null for a new entry. */
  readonly entry_version: number | null;
  readonly state: ProposalState;
  readonly version: number;
  readonly unit: string;
  /**
   * The entry's next version. It is deleted on decision: an approved one is then in the entry, a rejected one is gone.
   */
  readonly proposed_entry: EntryFiling | null;
  readonly proposed_by_actor: string;
  readonly proposed_at: string;
  readonly decided_by_actor: string | null;
  readonly decided_at: string | null;
}

export type ProposalKey = Pick<ProposalRow, 'uscc' | 'id'>;

/** The key in the id that a client sends; null for the id of something else. */
export function keyOfProposal(id: string): ProposalKey | null {
  const key = decodeId(id);
  return key?.kind === PROPOSAL ? { uscc: key.uscc, id: key.recordId } : null;
}

export type NewProposal = Pick<
  ProposalRow,
  'uscc' | 'id' | 'record_id' | 'action' | 'entry_version' | 'proposed_by_actor' | 'proposed_at'
> & { readonly proposed_entry: EntryFiling; readonly unit: string };

export interface Decision {
  readonly state: 'APPROVED' | 'REJECTED';
  readonly by: string;
  readonly at: string;
}

const columns =
  'proposal.id, proposal.uscc, proposal.record_id, proposal.action, proposal.entry_version, proposal.state, ' +
  'proposal.version, proposal.unit, proposal.filed as proposed_entry, proposal.proposed_by_actor, ' +
  'proposal.proposed_at, proposal.decided_by_actor, proposal.decided_at';

// $1 the unit whose proposals are visible; null for all units
const seen = '($1::text is null or proposal.unit = $1)';

const insert = statement(
  'namelist.proposal.insert',
  `insert into namelist.proposal
     (id, uscc, record_id, action, entry_version, unit, filed, proposed_by_actor, proposed_at)
   values ($1::uuid, $2, $3::uuid, $4, $5, $6, $7::jsonb, $8, $9::timestamptz)`,
);
const find = statement(
  'namelist.proposal.find',
  `select ${columns} from namelist.proposal where ${seen} and proposal.uscc = $2 and proposal.id = $3::uuid limit 1`,
);
const take = statement('namelist.proposal.take', `${find.text} for update`);
const close = statement(
  'namelist.proposal.close',
  `update namelist.proposal
   set state = $3, version = version + 1, filed = null, decided_by_actor = $4, decided_at = $5::timestamptz
   where uscc = $1
     and id = $2::uuid`,
);
const page = statement(
  'namelist.proposal.page',
  `select ${columns}
   from namelist.proposal
   where ${seen}
     and ($2::text is null or proposal.state = $2)
     and (proposal.proposed_at, proposal.id) < ($3::timestamptz, $4::uuid)
   order by proposal.proposed_at desc, proposal.id desc
   limit $5`,
);
const count = statement(
  'namelist.proposal.count',
  `select count(*)::int as value
   from (
     select
     from namelist.proposal
     where ${seen}
       and ($2::text is null or proposal.state = $2)
     limit ${COUNT_LIMIT + 1}
   ) capped`,
);

// The position before every proposal.
const START = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const;

/** The unit whose proposals the viewer sees: its own organisation, or null for all. */
const unitSeen = (viewer: Viewer): string | null =>
  outcomeFor(viewer, 'FILING') === 'ALLOW' ? null : (viewer.organisation ?? '');

export interface Proposals {
  insert(client: Client, proposal: NewProposal): Promise<void>;
  /** A proposal of the viewer's own organisation, locked against other decisions until the end of the transaction. */
  take(client: Client, viewer: Viewer, key: ProposalKey): Promise<ProposalRow | null>;
  close(client: Client, key: ProposalKey, decision: Decision): Promise<void>;
  find(viewer: Viewer, key: ProposalKey): Promise<ProposalRow | null>;
  /** Newest first. */
  page(
    viewer: Viewer,
    state: ProposalState | null,
    first: number,
    after: readonly string[] | null,
  ): Promise<Page<ProposalRow>>;
  /** The number of proposals, at most COUNT_LIMIT + 1. */
  count(viewer: Viewer, state: ProposalState | null): Promise<number>;
}

export const createProposals = (pool: Pool): Proposals => ({
  async insert(client, proposal) {
    const { id, uscc, record_id, action, entry_version, unit, proposed_entry, proposed_by_actor, proposed_at } =
      proposal;
    await query(client, insert, [
      id,
      uscc,
      record_id,
      action,
      entry_version,
      unit,
      JSON.stringify(proposed_entry),
      proposed_by_actor,
      proposed_at,
    ]);
  },
  async take(client, { organisation }, { uscc, id }) {
    const [row] = await query<ProposalRow>(client, take, [organisation ?? '', uscc, id]);
    return row ?? null;
  },
  async close(client, { uscc, id }, { state, by, at }) {
    await query(client, close, [uscc, id, state, by, at]);
  },
  async find(viewer, { uscc, id }) {
    const [row] = await query<ProposalRow>(pool, find, [unitSeen(viewer), uscc, id]);
    return row ?? null;
  },
  async page(viewer, state, first, after) {
    return pageOf(
      await query<ProposalRow>(pool, page, [unitSeen(viewer), state, ...(after ?? START), first + 1]),
      first,
    );
  },
  count: async (viewer, state) =>
    (await query<{ value: number }>(pool, count, [unitSeen(viewer), state]))[0]?.value ?? 0,
});

/** Notes a proposal as read: the entity that it is about and, as long as it is undecided, the entry that it has. */
export function readProposal(context: SubgraphContext, row: ProposalRow): ProposalRow {
  noteSubject(context, row.uscc);
  if (row.proposed_entry !== null) noteRead(context, 'FILING', { uscc: row.uscc, id: row.record_id });
  return row;
}

/** The proposal, noted as read; null when there is none that the viewer may see. */
export async function showProposal(
  proposals: Proposals,
  context: SubgraphContext,
  key: ProposalKey,
): Promise<ProposalRow | null> {
  const row = await proposals.find(context.viewer, key);
  return row && readProposal(context, row);
}
