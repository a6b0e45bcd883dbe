import { checkBatch, checkFirst, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { createCoverage } from '#kit/coverage.ts';
import { creditFileRoots } from '#kit/creditFile.ts';
import { badInput, notFound } from '#kit/errors.ts';
import { noteRead, noteSubject, person, shown } from '#kit/fields.ts';
import { provenanceFields, reachOf } from '#kit/recordFields.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { scalars } from '#kit/scalars.ts';
import { divisionFullName } from '#standards/divisions.ts';
import { identifierSchemes } from '#standards/identifierSchemes.ts';
import { findIndustry } from '#standards/industry.ts';
import { address } from './address.ts';
import { type EntityState, lookupOf, readCodes, readIdentifier } from './lookups.ts';
import type { Ask, ProfileRepository } from './repository.ts';
import type { EntityStatus, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { checkSearch, openPosition, sealPosition } from './searchArguments.ts';
import { type NameSearch, SEARCH_COUNT_LIMIT } from './search.ts';

const MAX_CODES = 1000;

/** Every entity that leaves passes here: whom it is about is noted, and a read of what is not public is noted for the access log. */
function give(context: SubgraphContext, state: EntityState): EntityState {
  noteSubject(context, state.row.uscc);
  if (state.row.disclosure_level !== 'PUBLIC') noteRead(context, 'IDENTITY', reachOf(state.row));
  return state;
}

export function createResolvers(profiles: ProfileRepository, search: NameSearch, workshop: Workshop): ResolverMap<Resolvers, ResolversParentTypes> {
  const { instants, cursors } = workshop;
  const files = creditFileRoots(instants);
  const { own: coverage, ...coverages } = createCoverage(workshop, 'entity', { entity: { table: 'profile', typeOf: () => 'EntityProfile' } });

  const loadState = async (context: SubgraphContext, ask: Ask): Promise<EntityState | null> => {
    const { row } = await profiles.loadStanding(context, ask);
    return row && give(context, { row, validAt: ask.validAt, knownAt: ask.knownAt });
  };
  /** Today's state: that of the operation's moment. */
  const loadToday = async (context: SubgraphContext, uscc: string): Promise<EntityState | null> => {
    noteSubject(context, uscc);
    await instants.require(context.moment.knownAt, context.moment.knownAt);
    return loadState(context, { uscc, ...context.moment });
  };

  const identity = {
    name: ({ row }: EntityState) => row.content.name,
    // A form tells the day of closing and not the state before it: until that day the entity was in operation.
    status: ({ row, validAt }: EntityState): EntityStatus => (row.content.closedOn !== undefined && validAt < row.content.closedOn ? 'ACTIVE' : row.status),
    kind: ({ row }: EntityState) => row.kind,
    industry: ({ row: { content } }: EntityState) => (content.industryCode === undefined ? null : { code: content.industryCode, name: findIndustry(content.industryCode)?.name ?? null }),
    registeredDivision: ({ row: { content } }: EntityState) => (content.divisionCode === undefined ? null : { code: content.divisionCode, name: divisionFullName(content.divisionCode) }),
    establishedOn: ({ row }: EntityState) => row.content.establishedOn ?? null,
    address: ({ row }: EntityState, _: unknown, context: SubgraphContext) => address(context, reachOf(row), row),
    phone: ({ row }: EntityState, _: unknown, context: SubgraphContext) => shown(context, 'CONTACT', reachOf(row), row.content.phone ?? null),
    identifiers: ({ row }: EntityState) => row.content.identifiers ?? [],
    formerNames: ({ row, validAt, knownAt }: EntityState, _: unknown, context: SubgraphContext) =>
      profiles.loadFormerNames(context, { uscc: row.uscc, validAt, knownAt }, (row.content.formerNames ?? []).filter((name) => name !== row.content.name)),
    legalRepresentative: ({ row }: EntityState, _: unknown, context: SubgraphContext) => person(context, reachOf(row), row.content.legalRepresentative ?? null),
  };

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,

      async entity(_, { uscc }, context) {
        const state = await loadToday(context, uscc);
        if (!state) throw notFound(uscc);
        return state;
      },

      entities(_, { codes }, context) {
        checkBatch('codes', codes, MAX_CODES);
        return Promise.all(readCodes(codes, context.viewer).map(async (read) => ('refused' in read ? read.refused : lookupOf(read.input, await loadToday(context, read.uscc)))));
      },

      async resolveIdentifier(_, { scheme, value: input }, context) {
        const read = readIdentifier(scheme, input);
        if ('refused' in read) return [read.refused];
        const codes = scheme === 'USCC' ? [read.value] : await profiles.findBearers(context, scheme, read.value);
        const states = await Promise.all(codes.map((uscc) => loadToday(context, uscc)));
        const borne = states.filter((state) => state !== null);
        return borne.length === 0 ? [lookupOf(input, null)] : borne.map((state) => lookupOf(input, state));
      },

      identifierSchemes: () => identifierSchemes.map(({ code, name }) => ({ code, name })),

      async searchEntities(_, args, context) {
        const first = checkFirst(args.first);
        const { text, filter, scope } = checkSearch(args, context.viewer);
        const { times, after } = openPosition(cursors, scope, args.after ?? null, context.moment);
        const asked = { text, filter, ...times };
        await instants.require(times.knownAt, context.moment.knownAt);
        const page = await search.find(context, asked, first, after);
        const cursorOf = new Map(page.items.map((row) => [row.uscc, () => sealPosition(cursors, scope, times, page.positionOf(row))]));
        const items = page.items.map((row) => give(context, { row, ...times }));
        return { page: { ...page, items }, cursorOf: ({ row }) => cursorOf.get(row.uscc)?.() ?? '', count: () => search.count(context, asked), countLimit: SEARCH_COUNT_LIMIT };
      },
    },

    EntityConnection: connectionFields<EntityState>(),
    EntityEdge: edgeFields<EntityState>(),
    PageInfo: pageInfoFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, entity: coverage },
    CollectedRecord: { ...coverages.CollectedRecord, subject: ({ row }, _, context) => loadToday(context, row.uscc) },

    CreditFile: {
      ...files.CreditFile,
      isKnown: async (file, _, context) => (await profiles.loadStanding(context, file)).isKnown,
      entity: (file, _, context) => loadState(context, file),
    },

    Entity: {
      /** Representations are not coerced by GraphQL: the code is read here as the argument of `entity` would be. */
      async __resolveReference({ uscc }: { uscc: unknown }, context) {
        const parsed: unknown = scalars['USCC']?.parseValue(uscc);
        if (typeof parsed !== 'string') throw badInput('uscc', 'TYPE', '`uscc` is no USCC.');
        return loadToday(context, parsed);
      },
      uscc: ({ row }) => row.uscc,
      ...identity,
      successor: ({ row }) => row.successor,
      creditFile: ({ row }, args, context) => files.Query.creditFile(null, { ...args, uscc: row.uscc }, context),
    },

    EntityProfile: {
      ...identity,
      provenance: ({ row }) => row,
      recordedAt: ({ row }) => row.recorded_at,
    },

    Provenance: provenanceFields,
  };
}
