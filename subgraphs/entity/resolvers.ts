import {
  checkBatch,
  checkFirst,
  type Connection,
  connectionFields,
  edgeFields,
  pageInfoFields,
} from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { isGivenInLists } from '#policy/bulk.ts';
import { createCoverage } from '#records/coverage.ts';
import { codeCheckFor } from '#records/codeChecks.ts';
import { creditFileRoots } from '#records/creditFile.ts';
import { createEvaluationLookups } from '#records/evaluationLookups.ts';
import { badInput, notFound } from '#kit/errors.ts';
import { provenanceFields } from '#records/recordFields.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { subgraphScalars } from '#kit/scalars.ts';
import { derivedIdentifiers, identifierSchemes } from '#standards/identifierSchemes.ts';
import { createEntityStates, entityRead, type EntityStates } from './entityStates.ts';
import { createIdentityFields } from './identityFields.ts';
import {
  createCodeFields,
  type EntityLookup,
  type EntityState,
  lookupOf,
  readCodes,
  readIdentifier,
} from './lookups.ts';
import type { Ask, ProfileRepository } from './repository.ts';
import type { Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { checkSearch, cursorOf, readAfter, type SearchArguments } from './searchArguments.ts';
import { type NameSearch, SEARCH_COUNT_LIMIT } from './search.ts';

const MAX_CODES = 1000;

export function createResolvers(
  profiles: ProfileRepository,
  search: NameSearch,
  runtime: SubgraphRuntime,
): ResolverMap<Resolvers, ResolversParentTypes> {
  const { instants } = runtime;
  const files = creditFileRoots(runtime);
  const { own: coverage, ...coverages } = createCoverage(runtime, 'entity', {
    entity: { table: 'profile', typeOf: () => 'EntityProfile' },
  });

  const states = createEntityStates(profiles, instants);
  const identity = createIdentityFields(profiles);
  const ofCodes = createCodeFields(profiles);

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,
      evaluations: createEvaluationLookups(files),

      async entity(_, { uscc }, context) {
        const state = await states.loadToday(context, uscc);
        if (!state) throw notFound(uscc);
        return state;
      },

      async entities(_, { codes }, context) {
        checkBatch('codes', codes, MAX_CODES);
        return Promise.all(
          readCodes(codes, context.viewer, await codeCheckFor(runtime.rules, context.today, codes)).map(async (read) =>
            'refused' in read ? read.refused : lookupOf(read.input, await states.loadToday(context, read.uscc)),
          ),
        );
      },

      async resolveIdentifier(_, { scheme, value }, context) {
        const checkCode = await codeCheckFor(runtime.rules, context.today, scheme === 'USCC' ? [value] : []);
        return bearersOf(profiles, states, context, readIdentifier(scheme, value, checkCode), { scheme, input: value });
      },

      identifierSchemes: () => identifierSchemes.map(({ code, name }) => ({ code, name })),

      searchEntities: (_, args, context) => searchPage(search, runtime, args, context),
    },

    EntityConnection: connectionFields<EntityState>(),
    EntityEdge: edgeFields<EntityState>(),
    PageInfo: pageInfoFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, entity: coverage },
    CollectedRecord: {
      ...coverages.CollectedRecord,
      subject: ({ row }, _, context) => states.loadToday(context, row.uscc),
    },

    CreditFileLookup: ofCodes,
    EvaluationsLookup: ofCodes,
    CreditFile: {
      ...files.CreditFile,
      isKnown: async (file, _, context) => (await profiles.loadCurrentVersions(context, file)).isKnown,
      entity: (file, _, context) => states.load(context, file),
      predecessors: async (file, _, context) =>
        (await predecessorsOf(profiles, context, file)).map((uscc) => ({ ...file, uscc })),
    },

    Entity: {
      /** Representations are not coerced by GraphQL: the code is read here as the argument of `entity` would be. */
      async __resolveReference({ uscc }: { uscc: unknown }, context) {
        const parsed: unknown = subgraphScalars['USCC']?.parseValue(uscc);
        if (typeof parsed !== 'string') throw badInput('uscc', 'TYPE', '`uscc` is no USCC.');
        return states.loadToday(context, parsed);
      },
      uscc: ({ row }) => row.uscc,
      ...identity,
      successor: ({ row }) => row.successor,
      predecessors: async ({ row, validAt, knownAt }, _, context) => {
        const codes = await predecessorsOf(profiles, context, { uscc: row.uscc, validAt, knownAt });
        const found = await Promise.all(codes.map((uscc) => states.load(context, { uscc, validAt, knownAt })));
        return found.filter((state) => state !== null);
      },
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

/** The entities that have an identifier today, or the single item that says why there is none. */
async function bearersOf(
  profiles: ProfileRepository,
  states: EntityStates,
  context: SubgraphContext,
  read: ReturnType<typeof readIdentifier>,
  { scheme, input }: { readonly scheme: string; readonly input: string },
): Promise<EntityLookup[]> {
  if ('refused' in read) return [read.refused];
  const codes = await profiles.findBearers(context, derivedIdentifiers({ scheme, value: read.value }));
  const found = await Promise.all(codes.map((uscc) => states.loadToday(context, uscc)));
  const borne = found.filter((state) => state !== null);
  return borne.length === 0 ? [lookupOf(input, null)] : borne.map((state) => lookupOf(input, state));
}

/**
 * The codes that an entity replaced, as far as the viewer receives them in lists: self-employed businesses are found by
 * code alone.
 */
const predecessorsOf = async (profiles: ProfileRepository, context: SubgraphContext, ask: Ask): Promise<string[]> => {
  const codes = await profiles.loadPredecessors(context, ask);
  return codes.filter((uscc) => uscc !== ask.uscc && isGivenInLists(context.viewer, uscc));
};

/**
 * A page of the entities that a search finds. Every page is as of the moment of the first one.
 * @throws BAD_USER_INPUT, BAD_CURSOR, KNOWN_AT_TOO_LATE
 */
async function searchPage(
  search: NameSearch,
  { cursors, instants }: SubgraphRuntime,
  args: SearchArguments,
  context: SubgraphContext,
): Promise<Connection<EntityState>> {
  const first = checkFirst(args.first);
  const { text, filter } = checkSearch(args);
  const pager = cursors.pager('Query.searchEntities', [text, filter], context.viewer);
  const { times, after } = readAfter(pager, args.after, context.moment);
  const asked = { text, filter, ...times };
  await instants.require(times.knownAt, context.moment.knownAt);
  const page = await search.find(context, asked, first, after);
  const cursorOfCode = new Map(page.items.map((row) => [row.uscc, () => cursorOf(pager, times, page.positionOf(row))]));
  const items = page.items.map((row) => entityRead(context, { row, ...times }));
  return {
    page: { ...page, items },
    cursorOf: ({ row }) => cursorOfCode.get(row.uscc)?.() ?? '',
    count: () => search.count(context, asked),
    countLimit: SEARCH_COUNT_LIMIT,
  };
}
