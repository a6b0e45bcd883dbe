import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { encodeId } from '#records/record.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import type { RowOutcome } from '#records/subgraph.ts';
import { conflict, forbidden, invalid, type InvalidInput } from '#kit/refusals.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { answered } from '#gateway/database/idempotency.ts';
import { SubgraphUnavailable } from '#gateway/graph/engine/transport.ts';
import type { Source, SourceRegistry } from '#gateway/graph/sources.ts';
import { findKeeper, keeperOf, recordTypeOf, unknownKind } from './filingKinds.ts';
import { officialForms } from './officialForms.ts';
import { createReplacements } from './replacements.ts';
import type { FilingRefusal, FilingRepository, FilingRow, Receipt, ReplacementOutcome } from './repository.ts';
import type {
  CreateFilingInput,
  Filing,
  FileRecordsInput,
  FilingMode,
  FilingStatus,
  Resolvers,
  ResolversParentTypes,
} from './resolvers.generated.ts';

export interface FilingParts {
  readonly filings: FilingRepository;
  /** The sources that keep the kinds of filing. */
  readonly keepers: readonly Source[];
  readonly sources: SourceRegistry;
  readonly rules: RuleStore;
  readonly now: () => Date;
}

const MAX_PARTS = 10_000;
const MAX_ROWS = 1000;

/** The type of a proposal that waits for a second person, as in its id (subgraphs/namelist/proposals.ts). */
const PROPOSAL = 'ListingProposal';

const refusals: Record<FilingRefusal, () => InvalidInput> = {
  NOT_FOUND: () => invalid('NOT_FOUND', 'Your organisation has none with this id.', ['input', 'id']),
  PARTS_MISSING: () =>
    invalid('PARTS_MISSING', 'Not all announced parts have arrived: send the missing ones, then complete.', [
      'input',
      'id',
    ]),
};

// Written only by the repository, which stores receipts and a status of the schema.
const showFiling = (row: FilingRow): Filing => ({
  ...row,
  status: row.status as FilingStatus,
  receipt: row.receipt as Receipt | null,
  mode: row.mode as FilingMode,
  replacement: row.replacement as ReplacementOutcome | null,
});

/** Filings, and rows filed over the API: both are forwarded to the subgraph that keeps the kind. */
export function createFilingResolvers(parts: FilingParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const { filings, keepers, rules, now, sources } = parts;
  const replacements = createReplacements({ filings, sources: keepers, rules, now });
  return {
    Query: {
      officialForms: (_, { kind }) => officialForms(keepers, kind ?? null),
      filing: (_, { id }, { viewer }) => find(parts, viewer, id),
    },
    Mutation: {
      async createFiling(_, { input }, { viewer }) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        const problem =
          filingProblem(keepers, input) ??
          (input.mode === 'REPLACE' ? replacements.problemOf(viewer, input.kind) : null);
        if (problem) return problem;
        return answered(await filings.createFiling(viewer, input), refusals, async (id) => ({
          __typename: 'FilingCreated',
          filing: await find(parts, viewer, id),
        }));
      },
      async completeFiling(_, { input }, { viewer }) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        const result = await replacements.complete(viewer, input);
        await sources.refresh(); // the filer sees its records in the next query
        return answered(result, refusals, async (id) => ({
          __typename: 'FilingCompleted',
          filing: await find(parts, viewer, id),
        }));
      },
      async confirmFiling(_, { input }, { viewer }) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        const result = await replacements.decide(viewer, input);
        if (typeof result === 'string') return refusals[result]();
        if ('__typename' in result) return result;
        await sources.refresh();
        return { __typename: 'FilingConfirmed', filing: showFiling(result) };
      },
      async fileRecords(_, { input }, { viewer }) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        return fileBatch(parts, viewer, input);
      },
    },
  };
}

async function find({ filings }: FilingParts, viewer: Viewer, id: string): Promise<Filing | null> {
  const row = await filings.findFiling(viewer, id);
  return row && showFiling(row);
}

/** Why a filing in parts cannot be opened; null: it can, unless it replaces. */
function filingProblem(keepers: readonly Source[], { kind, partsExpected }: CreateFilingInput): InvalidInput | null {
  if (!findKeeper(keepers, kind)) return unknownKind(keepers, kind, ['input', 'kind']);
  if (partsExpected < 1 || partsExpected > MAX_PARTS)
    return invalid('TOO_MANY', `A filing has 1 to ${MAX_PARTS} parts.`, ['input', 'partsExpected']);
  return null;
}

// --- a batch in one call ------------------------------------------------------------------------------------------

async function fileBatch(parts: FilingParts, viewer: Viewer, input: FileRecordsInput) {
  const { filings, keepers, sources } = parts;
  const { kind, rows } = input;
  if (!findKeeper(keepers, kind)) return unknownKind(keepers, kind, ['input', 'kind']);
  if (rows.length < 1 || rows.length > MAX_ROWS)
    return invalid('TOO_MANY', `A batch has 1 to ${MAX_ROWS} rows; more are filed in parts (createFiling).`, [
      'input',
      'rows',
    ]);
  const opened = await filings.openBatch(viewer, input);
  if (opened.outcome === 'conflict') return conflict();
  const opening = await filings.findFiling(viewer, opened.result);
  if (!opening) throw new SubgraphUnavailable('the batch was opened and is not there');
  const outcomes = await recordBatch(parts, viewer, opening, rows);
  await filings.completeFiling(viewer, { idempotencyKey: opening.id, id: opening.id });
  await sources.refresh(); // the filer sees its records in the next query
  return {
    __typename: 'RecordsFiled' as const,
    filing: await find(parts, viewer, opening.id),
    rows: outcomes.map((row) => filedRow(recordTypeOf(keepers, kind), row)),
  };
}

/** The batch's one part: recorded now, or its outcome from before. */
async function recordBatch(
  { filings, keepers }: FilingParts,
  viewer: Viewer,
  filing: FilingRow,
  rows: FileRecordsInput['rows'],
): Promise<readonly RowOutcome[]> {
  const recorded = await filings.findPart(filing, 1);
  if (recorded) return recorded.rowOutcomes ?? [];
  const bytes = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  const outcome = await keeperOf(keepers, filing.kind).file(
    viewer,
    { filingId: filing.id, number: 1, kind: filing.kind, format: 'NDJSON', wantsRows: true },
    Readable.from([bytes]),
  );
  await filings.savePart(viewer, filing.id, 1, createHash('sha256').update(bytes).digest(), outcome);
  return outcome.rowOutcomes ?? [];
}

/** @param type of the kind's records, which their ids contain; an entity has none */
const filedRow = (type: string | null, { row, outcome, record, proposal, problems }: RowOutcome) => ({
  row,
  outcome,
  recordId: record && type && encodeId(type, record.uscc, record.recordId),
  version: record?.version ?? null,
  proposalId: proposal ? encodeId(PROPOSAL, proposal.uscc, proposal.id) : null,
  problems,
});
