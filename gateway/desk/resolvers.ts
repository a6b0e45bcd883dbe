import type { Moment } from '#kit/context.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { checkFirst, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import { isRole, roleBinding, roles, type Viewer } from '#policy/viewer.ts';
import { purposes } from '#standards/purposes.ts';
import type { RuleBook } from '#kit/ruleBook.ts';
import { budgetFields } from '../budget/refusal.ts';
import type { CallContext, Source, SourceBook } from '../sources.ts';
import { createReplacements } from './replacements.ts';
import { createUnitsAndRows } from './unitsAndRows.ts';
import { conflict, forbidden, invalid, type Named } from './answers.ts';
import { filingKinds } from './filingKinds.ts';
import { officialForms } from './forms.ts';
import type { ListeningGrantBook } from './grants.ts';
import { createRecordRoot } from './records.ts';
import type { Once } from './idempotency.ts';
import type { DeskRepository, FilingRow, GrantRow, Receipt, Refusal, ReplacementOutcome } from './repository.ts';
import type { Conflict, Filing, FilingMode, FilingStatus, Grant, InvalidInput, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { type ChangePages, createChangeResolvers } from './changes.ts';
import { createExportResolvers, type ExportDoor } from './exporting.ts';
import { createRuleResolvers } from './rules.ts';
import { createWebhookResolvers, type WebhookDoor } from './notifying.ts';
import { createWatchlistResolvers } from './watching.ts';
import { createConsentResolvers } from './consenting.ts';
import { createDocumentResolvers, type DocumentParts } from '../trustedDocuments/resolvers.ts';

const refusals: Record<Refusal, () => Named<InvalidInput>> = {
  NOT_FOUND: () => invalid('NOT_FOUND', 'Your organisation has none with this id.', ['input', 'id']),
  PARTS_MISSING: () => invalid('PARTS_MISSING', 'Not all announced parts have arrived: send the missing ones, then complete.', ['input', 'id']),
  BINDING: () => invalid('BINDING', 'A PROVINCE role needs `province` and no `sector`, a SECTOR role `sector` and no `province`, another role neither.', ['input', 'role']),
};

/** A mutation's answer: what it did, or the error the caller can mend. */
async function answered<Success>(result: Once<string> | Refusal, success: (id: string) => Promise<Success>): Promise<Success | Named<InvalidInput> | Named<Conflict>> {
  if (typeof result === 'string') return refusals[result]();
  return result.outcome === 'conflict' ? conflict() : success(result.result);
}

export interface DeskContext {
  readonly viewer: Viewer;
  readonly moment: Moment;
  readonly events?: CallContext['events'];
  readonly budget?: CallContext['budget'];
}

export interface DeskParts {
  readonly repository: DeskRepository;
  readonly grants: ListeningGrantBook;
  readonly sources: SourceBook;
  /** Those that keep the kinds of filing. */
  readonly keepers: readonly Source[];
  readonly ruleBook: RuleBook;
  readonly cursors: CursorSealer;
  readonly changeLog: ChangePages['log'];
  /** Codes were added to a watchlist, whose present state is to be told. */
  readonly wasAdded: () => void;
  readonly webhooks: WebhookDoor;
  readonly exports: ExportDoor;
  readonly documents: Pick<DocumentParts, 'check' | 'onChanged'>;
  readonly now: () => Date;
}

/** A grant as the schema has it, with the instant that every grant has. */
export interface ShownGrant extends Grant {
  readonly from: string;
}

const MAX_PARTS = 10_000;

export function createDeskResolvers({ repository, grants, sources, keepers, ruleBook, cursors, changeLog, wasAdded, webhooks, exports, documents, now }: DeskParts): ResolverMap<Resolvers, ResolversParentTypes> {
  const sourceStates = () =>
    sources.states().map(({ source, state, knownThrough, lateUnits }) => ({
      source,
      state,
      knownThrough,
      lagSeconds: knownThrough === null ? null : Math.max(0, Math.round((now().getTime() - Date.parse(knownThrough)) / 1000)),
      lateUnits,
    }));
  const rules = createRuleResolvers(repository.ruleChanges, cursors);
  const grantScope = (organisation: string | null): string => `Query.grants ${organisation ?? ''}`;
  const showGrant = (row: GrantRow): ShownGrant => ({ ...row, from: row.validFrom.toISOString(), to: row.validTo?.toISOString() ?? null });
  // Written by the repository alone, which takes them as receipts and as a status of the schema.
  const showFiling = (row: FilingRow): Filing => ({
    ...row,
    status: row.status as FilingStatus,
    receipt: row.receipt as Receipt | null,
    mode: row.mode as FilingMode,
    replacement: row.replacement as ReplacementOutcome | null,
  });
  const filing = async (viewer: Viewer, id: string) => {
    const row = await repository.findFiling(viewer, id);
    return row && showFiling(row);
  };
  const grant = async (id: string) => {
    const row = await repository.findGrant(id);
    return row && showGrant(row);
  };

  const replacements = createReplacements({ repository, sources: keepers, rules: ruleBook, now });
  const unitsAndRows = createUnitsAndRows({ repository, sources: keepers, book: sources, rules: ruleBook, now, showFiling });

  const ownsWatchlist = async (viewer: Viewer, id: string): Promise<boolean> => (await repository.watchlists.find(viewer, id)) !== null;
  const changes = createChangeResolvers({ log: changeLog, cursors, ownsWatchlist, now });
  const watching = createWatchlistResolvers(repository.watchlists, cursors, wasAdded);
  const consenting = createConsentResolvers({ consents: repository.consents, rules: ruleBook, cursors, now });
  const publishing = createDocumentResolvers({ ...documents, manifests: repository.documentManifests, cursors });
  const exporting = createExportResolvers({ ...exports, exports: repository.exports, log: changeLog, cursors, ownsWatchlist });
  const notifying = createWebhookResolvers({ ...webhooks, webhooks: repository.webhooks, ownsWatchlist, log: changeLog, cursors });

  return {
    ...rules,
    ...changes,
    ...watching,
    ...consenting,
    ...notifying,
    ...exporting,
    ...publishing,
    Viewer: {
      ...watching.Viewer,
      ...consenting.Viewer,
      ...notifying.Viewer,
      ...exporting.Viewer,
      budget: (_, __, { budget }) => (budget ? budgetFields(budget, now()) : null),
    },
    Query: {
      ...rules.Query,
      ...changes.Query,
      ...notifying.Query,
      ...exporting.Query,
      ...publishing.Query,
      ...unitsAndRows.Query,
      viewer: (_, __, { viewer }) => viewer,
      sourceStatus: sourceStates,
      purposes: () => purposes,
      officialForms: (_, { kind }) => officialForms(kind ?? null),
      ...createRecordRoot(sources),
      filing: (_, { id }, { viewer }) => filing(viewer, id),
      async grants(_, { organisation = null, first, after }) {
        const scope = grantScope(organisation);
        const page = await repository.pageGrants(organisation, checkFirst(first), cursors.openGiven(scope, after));
        return { page: { ...page, items: page.items.map(showGrant) }, cursorOf: ({ from, id }) => cursors.seal(scope, [from, id]), count: () => repository.countGrants(organisation) };
      },
    },
    GrantConnection: connectionFields<ShownGrant>(),
    GrantEdge: edgeFields<ShownGrant>(),
    PageInfo: pageInfoFields,
    CreditFile: {
      __resolveReference: (reference) => reference,
      sources: sourceStates,
    },
    Mutation: {
      ...rules.Mutation,
      ...unitsAndRows.Mutation,
      ...watching.Mutation,
      ...consenting.Mutation,
      ...notifying.Mutation,
      ...exporting.Mutation,
      ...publishing.Mutation,
      async createFiling(_, { input }, { viewer }) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        if (!Object.hasOwn(filingKinds, input.kind)) return invalid('UNKNOWN_KIND', `There is no filing of kind "${input.kind.slice(0, 40)}"; known are ${Object.keys(filingKinds).join(', ')}.`, ['input', 'kind']);
        if (input.partsExpected < 1 || input.partsExpected > MAX_PARTS) return invalid('TOO_MANY', `A filing has 1 to ${MAX_PARTS} parts.`, ['input', 'partsExpected']);
        if (input.mode === 'REPLACE') {
          const problem = replacements.problemOf(viewer, input.kind);
          if (problem) return problem;
        }
        return answered(await repository.createFiling(viewer, input), async (id) => ({ __typename: 'FilingCreated', filing: await filing(viewer, id) }));
      },
      async completeFiling(_, { input }, { viewer }) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        const result = await replacements.complete(viewer, input);
        await sources.refresh(); // whoever filed sees it in the next query
        return answered(result, async (id) => ({ __typename: 'FilingCompleted', filing: await filing(viewer, id) }));
      },
      async confirmFiling(_, { input }, { viewer }) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        const result = await replacements.decide(viewer, input);
        if (typeof result === 'string') return refusals[result]();
        if ('__typename' in result) return result;
        await sources.refresh();
        return { __typename: 'FilingConfirmed', filing: showFiling(result) };
      },
      async grantRole(_, { input }, { viewer }) {
        if (!may(viewer, 'grant:change')) throw forbidden();
        const { role } = input;
        if (!isRole(role) || roleBinding[role] === 'NONE') return invalid('UNKNOWN_ROLE', `"${role.slice(0, 40)}" is no role that can be granted; those are ${roles.filter((each) => roleBinding[each] !== 'NONE').join(', ')}.`, ['input', 'role']);
        const result = await repository.grantRole(viewer, { ...input, role });
        grants.forget();
        return answered(result, async (id) => ({ __typename: 'RoleGranted', grant: await grant(id) }));
      },
      async endGrant(_, { input }, { viewer }) {
        if (!may(viewer, 'grant:change')) throw forbidden();
        const result = await repository.endGrant(viewer, input);
        grants.forget();
        return answered(result, async (id) => ({ __typename: 'GrantEnded', grant: await grant(id) }));
      },
      async revokeToken(_, { input }, { viewer }) {
        if (!may(viewer, 'token:revoke')) throw forbidden();
        const result = await repository.revokeToken(viewer, input);
        grants.forget();
        return answered(result, (tokenId) => Promise.resolve({ __typename: 'TokenRevoked', tokenId }));
      },
    },
  };
}

/** The viewer and the moment a desk resolver is given, out of what the plan executor carries. */
export const deskContext = (context: unknown): DeskContext => context as CallContext; // set by gateway/graph.ts alone
