import { encodeId } from '#records/record.ts';
import { PROPOSAL, type ProposalRow } from './proposals.ts';
import { ENTRY } from './versions.ts';

/** The document that a proposal is based on. A removal or correction has another document than the entry. */
function documentOf({ proposed_entry: entry }: ProposalRow): {
  readonly documentNo: string | null;
  readonly legalBasis: string | null;
} {
  if (entry === null) return { documentNo: null, legalBasis: null };
  // `decision` is written by listingDrafts.ts, and `legalBasis` by the form.
  const { decision, legalBasis = null } = entry.content as {
    decision?: { documentNo: string; legalBasis: string };
    legalBasis?: string;
  };
  return decision ?? { documentNo: entry.document_no, legalBasis };
}

/** The resolvers of `ListingProposal`. */
export const proposalFields = {
  id: ({ uscc, id }: ProposalRow) => encodeId(PROPOSAL, uscc, id),
  subject: ({ uscc }: ProposalRow) => ({ uscc }),
  recordId: (row: ProposalRow) =>
    row.action === 'LIST' && row.state !== 'APPROVED' ? null : encodeId(ENTRY, row.uscc, row.record_id),
  documentNo: (row: ProposalRow) => documentOf(row).documentNo,
  legalBasis: (row: ProposalRow) => documentOf(row).legalBasis,
  becomes: (row: ProposalRow) => row.proposed_entry,
};
