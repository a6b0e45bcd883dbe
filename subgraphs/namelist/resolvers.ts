import { checkFirst, type Connection, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import { noteConflict, noteRead } from '#kit/fields.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import { createCoverage } from '#records/coverage.ts';
import { creditFileRoots } from '#records/creditFile.ts';
import { createHistory, historyFields, type KeptHistory } from '#records/history.ts';
import { provenanceFields, recordReference } from '#records/recordFields.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { listTypesOn } from '#standards/listTypes.ts';
import { entryFields, proposedEntryFields, showType } from './entryFields.ts';
import { createEntryLists } from './entryLists.ts';
import { createListing } from './listing.ts';
import { proposalFields } from './proposalFields.ts';
import { type ProposalRow, readProposal } from './proposals.ts';
import type { EntryRepository, EntryRow } from './repository.ts';
import type { Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { seriousVerdict } from './seriousListing.ts';
import { ENTRY } from './versions.ts';

/** What the versions of an entry state, beside the fields of the form. */
const keptHistory: KeptHistory = {
  schema: 'namelist',
  table: 'entry',
  own: {
    listType: 'list_type',
    category: 'category',
    documentNo: 'document_no',
    authorityName: 'authority_name',
    listedOn: 'listed_on',
    termUntil: 'term_until',
    removedOn: 'removed_on',
  },
  classes: { remark: 'REMARK' },
};

export function createResolvers(
  entries: EntryRepository,
  runtime: SubgraphRuntime,
): ResolverMap<Resolvers, ResolversParentTypes> {
  const { instants, cursors } = runtime;
  const files = creditFileRoots(runtime);
  const { own: coverage, ...coverages } = createCoverage(runtime, 'namelist', {
    'name-list': { table: 'entry', typeOf: () => ENTRY },
  });
  const entryLists = createEntryLists(entries, runtime);
  const listings = createListing(entries, runtime);

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,
      nameListTypes: (_, { validAt }, { moment }) => listTypesOn(validAt ?? moment.validAt).map(showType),
      nameListEntries: (_, args, context) => entryLists.find(args, context),

      async listingProposals(_, { state = null, ...args }, context): Promise<Connection<ProposalRow>> {
        const { viewer } = context;
        const first = checkFirst(args.first);
        const pager = cursors.pager('Query.listingProposals', [state], viewer);
        const page = await listings.proposals.page(viewer, state, first, pager.position(args.after));
        return {
          page: { ...page, items: page.items.map((row) => readProposal(context, row)) },
          cursorOf: ({ proposed_at, id }) => pager.cursorOf(proposed_at, id),
          count: () => listings.proposals.count(viewer, state),
        };
      },
    },

    Mutation: {
      proposeListing: (_, { input }, context) => listings.propose(context, input),
      removeListing: (_, { input }, context) => listings.remove(context, input),
      correctListing: (_, { input }, context) => listings.correct(context, input),
      decideListing: (_, { input }, context) => listings.decide(context, input),
    },

    CreditFile: {
      ...files.CreditFile,
      nameListEntries: (file, args, context) => entryLists.ofFile(file, args, context),

      async hasActiveSeriousListing(file, _, context) {
        const listing = await entries.loadSeriousListing(context, file);
        const { entry } = listing;
        if (entry && !entry.published)
          noteRead(context, 'RECORD', { uscc: file.uscc, id: entry.recordId, version: entry.version });
        if (entry) noteConflict(context, { uscc: file.uscc, fact_conflict: entry.contestedIn });
        return seriousVerdict(context, file, listing);
      },
    },

    NameListEntryConnection: connectionFields<EntryRow>(),
    NameListEntryEdge: edgeFields<EntryRow>(),
    PageInfo: pageInfoFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, namelist: coverage },

    NameListEntry: {
      ...entryFields,
      history: createHistory(runtime, keptHistory),
      __resolveReference: recordReference(ENTRY, instants, (context, key) => entries.loadEntry(context, key)),
    },

    ListingProposalConnection: connectionFields<ProposalRow>(),
    ListingProposalEdge: edgeFields<ProposalRow>(),
    ListingProposal: proposalFields,
    ProposedEntry: proposedEntryFields,

    Provenance: provenanceFields,
    ...historyFields,
  };
}
