import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import { type Client, type Pool, query, statement } from '#kit/postgres/pool.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { EntryFiling } from './ingest.ts';

export type ListingAction = 'LIST' | 'REMOVE' | 'CORRECT';
export type ProposalState = 'PROPOSED' | 'APPROVED' | 'REJECTED';

/** What one person of a unit proposed, and another decides. Written by listing.ts alone, and held to it by the table's constraints. */
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
  /** The entry's next version; null once decided: then the entry has it, or nobody. */
  readonly filed: EntryFiling | null;
  readonly proposed_by_actor: string;
  readonly proposed_at: string;
  readonly decided_by_actor: string | null;
  readonly decided_at: string | null;
}

export type ProposalKey = Pick<ProposalRow, 'uscc' | 'id'>;

export type NewProposal = Pick<ProposalRow, 'uscc' | 'id' | 'record_id' | 'action' | 'entry_version' | 'proposed_by_actor' | 'proposed_at'> & { readonly filed: EntryFiling; readonly unit: string };

export interface Decision {
  readonly state: 'APPROVED' | 'REJECTED';
  readonly by: string;
  readonly at: string;
}

const columns = 'proposal.id, proposal.uscc, proposal.record_id, proposal.action, proposal.entry_version, proposal.state, proposal.version, proposal.unit, proposal.filed, proposal.proposed_by_actor, proposal.proposed_at, proposal.decided_by_actor, proposal.decided_at';

// $1 the unit whose proposals are seen; null: those of all
const seen = '($1::text is null or proposal.unit = $1)';

const insert = statement(
  'namelist.proposal.insert',
  `insert into namelist.proposal (id, uscc, record_id, action, entry_version, unit, filed, proposed_by_actor, proposed_at)
   values ($1::uuid, $2, $3::uuid, $4, $5, $6, $7::jsonb, $8, $9::timestamptz)`,
);
const find = statement('namelist.proposal.find', `select ${columns} from namelist.proposal where ${seen} and proposal.uscc = $2 and proposal.id = $3::uuid limit 1`);
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
const count = statement('namelist.proposal.count', `select count(*)::int as value from (select from namelist.proposal where ${seen} and ($2::text is null or proposal.state = $2) limit ${COUNT_LIMIT + 1}) capped`);

// Before every proposal there is.
const START = ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'] as const;

/** Whose proposals the viewer sees: its own organisation's, or all. */
const unitSeen = (viewer: Viewer): string | null => (outcomeFor(viewer, 'FILING') === 'ALLOW' ? null : (viewer.organisation ?? ''));

export interface Proposals {
  insert(client: Client, proposal: NewProposal): Promise<void>;
  /** One of the viewer's own organisation, that nobody else decides until the end of the transaction. */
  take(client: Client, viewer: Viewer, key: ProposalKey): Promise<ProposalRow | null>;
  close(client: Client, key: ProposalKey, decision: Decision): Promise<void>;
  find(viewer: Viewer, key: ProposalKey): Promise<ProposalRow | null>;
  /** Newest first. */
  page(viewer: Viewer, state: ProposalState | null, first: number, after: readonly string[] | null): Promise<Page<ProposalRow>>;
  /** How many, at most COUNT_LIMIT + 1. */
  count(viewer: Viewer, state: ProposalState | null): Promise<number>;
}

export const createProposals = (pool: Pool): Proposals => ({
  async insert(client, { id, uscc, record_id, action, entry_version, unit, filed, proposed_by_actor, proposed_at }) {
    await query(client, insert, [id, uscc, record_id, action, entry_version, unit, JSON.stringify(filed), proposed_by_actor, proposed_at]);
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
    return pageOf(await query<ProposalRow>(pool, page, [unitSeen(viewer), state, ...(after ?? START), first + 1]), first);
  },
  count: async (viewer, state) => (await query<{ value: number }>(pool, count, [unitSeen(viewer), state]))[0]?.value ?? 0,
});
