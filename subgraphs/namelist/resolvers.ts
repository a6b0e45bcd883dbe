import { checkFirst, type Connection, connectionFields, edgeFields, type Page, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { createCoverage } from '#kit/coverage.ts';
import { creditFileRoots } from '#kit/creditFile.ts';
import { badInput } from '#kit/errors.ts';
import { noteRead } from '#kit/fields.ts';
import { createHistory, historyFields } from '#kit/history.ts';
import { filed, give, organisation, provenanceFields, recordFields, recordReference, said } from '#kit/recordFields.ts';
import { encodeId, type Times, timesOf } from '#kit/records.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import type { Workshop } from '#kit/subgraph.ts';
import type { DisclosureLevel } from '#policy/rows.ts';
import { provinces, XPCC } from '#standards/divisions.ts';
import { industries } from '#standards/industry.ts';
import { findListType, listTypesOn, type ListType } from '#standards/listTypes.ts';
import { createListing, documentOf, ENTRY, giveProposal, PROPOSAL } from './listing.ts';
import type { ProposalRow } from './proposals.ts';
import type { EntryFilter, EntryRepository, EntryRow, Position } from './repository.ts';
import type { NameListEntryFilter, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { seriousVerdict } from './seriousListing.ts';

/**
 * A filter with what is left out as null.
 * @throws BAD_USER_INPUT (UNKNOWN_CODE) for codes that do not exist: no entries under a misspelt code would look like a clean record.
 */
function readFilter(input: NameListEntryFilter): EntryFilter {
  const { types = null, categories = null, province = null, sector = null, activeOnly, listedFrom = null } = input;
  const unknownType = types?.find((type) => findListType(type) === null);
  if (unknownType !== undefined) throw badInput('filter.types', 'UNKNOWN_CODE', 'A list type of the filter is not registered.', 'codes of nameListTypes');
  if (province !== null && province !== XPCC.code && !provinces.some(({ code }) => code === province)) throw badInput('filter.province', 'UNKNOWN_CODE', 'The province of the filter is not known.', 'two digits of GB/T 2260');
  if (sector !== null && !industries.some(({ section }) => section === sector)) throw badInput('filter.sector', 'UNKNOWN_CODE', 'The sector of the filter is not known.', 'a section of GB/T 4754, A to T');
  return { types, categories, province, sector, activeOnly: activeOnly ?? false, listedFrom };
}

const showType = (type: ListType) => ({
  code: type.code,
  name: type.name,
  category: type.category,
  owner: type.owner,
  legalBasis: type.legalBasis,
  term: type.termText,
  verified: type.unverified !== true,
  effectiveFrom: type.effectiveFrom,
  effectiveTo: type.effectiveTo,
  source: type.source,
});

/** What a cursor is good for: the field with its arguments and times, for this viewer. */
const pageScope = (context: SubgraphContext, ...question: readonly unknown[]): string => JSON.stringify([...question, context.viewer.grant]);

export function createResolvers(entries: EntryRepository, workshop: Workshop): ResolverMap<Resolvers, ResolversParentTypes> {
  const { instants, cursors } = workshop;
  const files = creditFileRoots(instants);
  const { own: coverage, ...coverages } = createCoverage(workshop, 'namelist', { 'name-list': { table: 'entry', typeOf: () => 'NameListEntry' } });

  const open = (scope: string, after: string | null | undefined): Position => {
    const [listedOn, recordId] = cursors.openGiven(scope, after) ?? [];
    return listedOn && recordId ? { listedOn, recordId } : null;
  };
  const history = createHistory(workshop, {
    schema: 'namelist',
    table: 'entry',
    own: { listType: 'list_type', category: 'category', documentNo: 'document_no', authorityName: 'authority_name', listedOn: 'listed_on', termUntil: 'term_until', removedOn: 'removed_on' },
    classes: { remark: 'REMARK' },
  });
  const givePage = (context: SubgraphContext, at: Times, scope: string, page: Page<EntryRow>, count: () => Promise<number>): Connection<EntryRow> => ({
    page: { ...page, items: page.items.map((row) => give(context, row, timesOf(at))) },
    cursorOf: (row) => cursors.seal(scope, [row.listed_on, row.record_id]),
    count,
  });

  const listings = createListing(entries, workshop);

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,
      nameListTypes: (_, { validAt }, { moment }) => listTypesOn(validAt ?? moment.validAt).map(showType),

      async nameListEntries(_, args, context) {
        const first = checkFirst(args.first);
        const filter = readFilter(args.filter);
        const times = { validAt: args.validAt ?? context.moment.validAt, knownAt: args.knownAt ?? context.moment.knownAt };
        const scope = pageScope(context, 'Query.nameListEntries', filter, times);
        const after = open(scope, args.after);
        await instants.require(times.knownAt, context.moment.knownAt);
        return givePage(context, times, scope, await entries.findEntries(context, filter, times, first, after), () => entries.countFound(context, filter, times));
      },

      async listingProposals(_, { state = null, ...args }, context): Promise<Connection<ProposalRow>> {
        const { viewer } = context;
        const first = checkFirst(args.first);
        const scope = pageScope(context, 'Query.listingProposals', state);
        const page = await listings.proposals.page(viewer, state, first, cursors.openGiven(scope, args.after));
        return {
          page: { ...page, items: page.items.map((row) => giveProposal(context, row)) },
          cursorOf: ({ proposed_at, id }) => cursors.seal(scope, [proposed_at, id]),
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

      async nameListEntries(file, args, context) {
        const first = checkFirst(args.first);
        const ask = { ...file, categories: args.categories?.toSorted() ?? null };
        const scope = pageScope(context, 'CreditFile.nameListEntries', file.uscc, file.validAt, file.knownAt, ask.categories);
        return givePage(context, file, scope, await entries.loadEntries(context, ask, first, open(scope, args.after)), () => entries.countEntries(context, ask));
      },

      async hasActiveSeriousListing(file, _, context) {
        const listing = await entries.loadSeriousListing(context, file);
        const { entry } = listing;
        if (entry && !entry.published) noteRead(context, 'RECORD', { uscc: file.uscc, id: entry.recordId, version: entry.version });
        return seriousVerdict(context, file, listing);
      },
    },

    NameListEntryConnection: connectionFields<EntryRow>(),
    NameListEntryEdge: edgeFields<EntryRow>(),
    PageInfo: pageInfoFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, namelist: coverage },

    NameListEntry: {
      ...recordFields<EntryRow>(() => ENTRY),
      history,
      __resolveReference: recordReference(ENTRY, instants, (context, key) => entries.loadEntry(context, key)),
      listType: (row) => {
        const type = findListType(row.list_type);
        return type && showType(type);
      },
      authority: (row) => organisation(row.authority_name, row.determining_unit),
      documentNo: (row) => row.document_no || null, // blank once erased
      listedOn: (row) => row.listed_on,
      grounds: said('grounds'),
      legalBasis: said('legalBasis'),
      termUntil: (row) => row.term_until,
      removedOn: (row) => row.removed_on,
      removalReason: said('removalReason'),
      publicUntil: said('publicUntil'),
    },

    ListingProposalConnection: connectionFields<ProposalRow>(),
    ListingProposalEdge: edgeFields<ProposalRow>(),
    ListingProposal: {
      id: ({ uscc, id }) => encodeId(PROPOSAL, uscc, id),
      proposedByActor: (row) => row.proposed_by_actor,
      proposedAt: (row) => row.proposed_at,
      decidedByActor: (row) => row.decided_by_actor,
      decidedAt: (row) => row.decided_at,
      subject: ({ uscc }) => ({ uscc }),
      recordId: (row) => (row.action === 'LIST' && row.state !== 'APPROVED' ? null : encodeId(ENTRY, row.uscc, row.record_id)),
      entryVersion: (row) => row.entry_version,
      documentNo: (row) => documentOf(row).documentNo,
      legalBasis: (row) => documentOf(row).legalBasis,
      becomes: (row) => row.filed,
    },
    ProposedEntry: {
      listType: (row) => {
        const type = findListType(row.list_type ?? '');
        return type && showType(type);
      },
      documentNo: (row) => row.document_no,
      legalBasis: (row) => filed(row, 'legalBasis'),
      grounds: (row) => filed(row, 'grounds'),
      listedOn: (row) => row.listed_on,
      termUntil: (row) => row.term_until,
      disclosureLevel: (row) => row.disclosure_level as DisclosureLevel, // by a check constraint of the table that it goes into
      publicUntil: (row) => row.public_until,
      removedOn: (row) => row.removed_on,
      removalReason: (row) => filed(row, 'removalReason'),
    },

    Provenance: provenanceFields,
    ...historyFields,
  };
}
