// The parent value of the resolvers of a type, by the name of the type (npm run codegen). A type that is not listed
// here is its own parent value.

import type { Connection, Edge } from '#kit/connection.ts';
import type { EntryRow } from './repository.ts';
import type { ProposalRow } from './proposals.ts';

export type { EntryRow as NameListEntry } from './repository.ts';
export type { ProposalRow as ListingProposal } from './proposals.ts';
export type { EntryFiling as ProposedEntry } from './ingest.ts';

export type NameListEntryConnection = Connection<EntryRow>;
export type NameListEntryEdge = Edge<EntryRow>;
export type ListingProposalConnection = Connection<ProposalRow>;
export type ListingProposalEdge = Edge<ProposalRow>;
