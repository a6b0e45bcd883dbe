import { checkBatch, checkFirst, type Connection, connection, totalCount } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { creditFileRoots, type CreditFile } from '#kit/creditFile.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { badInput } from '#kit/errors.ts';
import { noteRead, shown } from '#kit/fields.ts';
import type { Instants } from '#kit/instants.ts';
import { decodeId, encodeId } from '#kit/records.ts';
import type { Reach } from '#policy/rows.ts';
import { findEvaluationScheme } from '#standards/evaluationSchemes.ts';
import { checkUscc } from '#standards/uscc.ts';
import type { LatestAsk, Position, ResultRepository, ResultRow, Times } from './repository.ts';
import { findFamilyName, findGradeMeaning, findScheme, schemeCodes, schemesOn } from './schemes.ts';

/** A page of results; its total is counted only when it is asked for. */
export interface ResultConnection extends Connection<ResultRow> {
  readonly count: () => Promise<number>;
}

/** One item of `evaluations`: what to look up, or the rule that the input broke. */
export interface ResultsLookup {
  readonly input: string;
  readonly reason: string | null;
  readonly expected: string | null;
  readonly ask: LatestAsk | null;
}

const MAX_CODES = 1000;
const KIND = 'Evaluation';
const idOf = (row: ResultRow): string => encodeId(KIND, row.uscc, row.record_id);

const reachOf = (row: ResultRow): Reach & { id: string; version: number } => ({
  uscc: row.uscc,
  province: row.province,
  sector: row.sector,
  units: [row.source_unit, row.determining_unit],
  id: idOf(row),
  version: row.version,
});

const isPublished = (row: ResultRow, today: string): boolean =>
  row.disclosure_level === 'PUBLIC' && row.withdrawn_on === null && row.public_from !== null && row.public_from <= today && row.public_until !== null && row.public_until >= today;

/** Every result that leaves passes here: a read of what is not public is noted for the access log. */
function give(context: SubgraphContext, row: ResultRow): ResultRow {
  if (!isPublished(row, context.today)) noteRead(context, 'RECORD', reachOf(row));
  return row;
}

/** @throws BAD_USER_INPUT (UNKNOWN_CODE) for a scheme that does not exist: no results under a misspelt code would look like "not evaluated". */
function checkSchemes(argument: string, schemes: readonly string[]): readonly string[] {
  if (schemes.some((code) => findEvaluationScheme(code) === null)) throw badInput(argument, 'UNKNOWN_CODE', 'There is no such evaluation scheme.', 'codes of evaluationSchemes');
  return [...new Set(schemes)];
}

const number = (decimal: string | null): number | null => (decimal === null ? null : Number(decimal));

interface FiledIndicator {
  readonly code: string;
  readonly score: string;
  readonly max: string | null;
}

const indicatorsOf = (row: ResultRow) =>
  ((row.content['indicators'] ?? []) as readonly FiledIndicator[]).map(({ code, score, max }) => ({ code, name: findFamilyName(row.scheme, code), score: number(score), scoreMax: number(max) }));

export function createResolvers(results: ResultRepository, { instants, cursors }: { instants: Instants; cursors: CursorSealer }) {
  const files = creditFileRoots(instants);

  const giveLatest = async (context: SubgraphContext, ask: LatestAsk): Promise<ResultRow[]> => (await results.loadLatest(context, ask)).map((row) => give(context, row));

  const open = (scope: string, after: string | null | undefined): Position => {
    const [evaluatedOn, recordId] = after ? cursors.open(scope, after) : [];
    return evaluatedOn && recordId ? { evaluatedOn, recordId } : null;
  };

  return {
    Query: {
      ...files.Query,
      evaluationSchemes: (_: unknown, { validAt }: { validAt?: string | null }, { moment }: SubgraphContext) => schemesOn(validAt ?? moment.validAt),

      async evaluations(_: unknown, args: { codes: readonly string[]; schemes?: readonly string[] | null } & { [Time in keyof Times]?: string | null }, { moment }: SubgraphContext): Promise<ResultsLookup[]> {
        checkBatch('codes', args.codes, MAX_CODES);
        const schemes = checkSchemes('schemes', args.schemes ?? schemeCodes);
        const times = { validAt: args.validAt ?? moment.validAt, knownAt: args.knownAt ?? moment.knownAt };
        await instants.require(times.knownAt);
        return args.codes.map((input) => {
          const check = checkUscc(input);
          if (check.status === 'VALID') return { input, reason: null, expected: null, ask: { uscc: check.uscc, schemes, ...times } };
          if (check.status === 'MISSING') return { input, reason: 'PLACEHOLDER', expected: null, ask: null };
          return { input, reason: check.reason, expected: check.expected ?? null, ask: null };
        });
      },
    },

    EvaluationsLookup: {
      entity: ({ ask }: ResultsLookup) => ask && { uscc: ask.uscc },
      evaluations: ({ ask }: ResultsLookup, _: unknown, context: SubgraphContext) => ask && giveLatest(context, ask),
    },

    CreditFile: {
      ...files.CreditFile,

      evaluations: (file: CreditFile, { schemes }: { schemes?: readonly string[] | null }, context: SubgraphContext) =>
        giveLatest(context, { ...file, schemes: checkSchemes('schemes', schemes ?? schemeCodes) }),

      async evaluationHistory(file: CreditFile, args: { scheme: string; first: number; after?: string | null }, context: SubgraphContext): Promise<ResultConnection> {
        const first = checkFirst(args.first);
        checkSchemes('scheme', [args.scheme]);
        const ask = { ...file, scheme: args.scheme };
        const scope = JSON.stringify(['CreditFile.evaluationHistory', file.uscc, file.validAt, file.knownAt, args.scheme, context.viewer.grant]);
        const page = await results.loadHistory(context, ask, first, open(scope, args.after));
        const items = page.items.map((row) => give(context, row));
        return { ...connection({ ...page, items }, (row) => cursors.seal(scope, [row.evaluated_on, row.record_id])), count: () => results.countHistory(context, ask) };
      },
    },

    EvaluationConnection: {
      totalCount: async ({ count }: ResultConnection) => totalCount(await count()),
    },

    Evaluation: {
      async __resolveReference({ id }: { id: string }, context: SubgraphContext): Promise<ResultRow | null> {
        const key = decodeId(id);
        if (key?.kind !== KIND) return null;
        await instants.require(context.moment.knownAt);
        const row = await results.loadResult(context, { ...key, ...context.moment });
        return row && give(context, row);
      },
      id: idOf,
      digest: (row: ResultRow, _: unknown, context: SubgraphContext) => shown(context, 'PROVENANCE', reachOf(row), row.digest.toString('hex')),
      subject: ({ uscc }: ResultRow) => ({ uscc }),
      provenance: (row: ResultRow) => row,
      disclosureLevel: (row: ResultRow) => row.content['disclosureLevel'] ?? row.disclosure_level,
      validFrom: (row: ResultRow) => row.valid_from,
      validTo: (row: ResultRow) => row.valid_to,
      recordedAt: (row: ResultRow) => row.recorded_at,
      underObjection: (row: ResultRow) => row.under_objection,
      additionalFields: (row: ResultRow, _: unknown, context: SubgraphContext) =>
        shown(context, 'REMARK', reachOf(row), Object.entries(row.additional_fields ?? {}).map(([column, value]) => ({ column, value }))),
      scheme: (row: ResultRow) => findScheme(row.scheme, row.scheme_version),
      gradeMeaning: (row: ResultRow) => findGradeMeaning(row.scheme, row.scheme_version, row.grade),
      evaluatedOn: (row: ResultRow) => row.evaluated_on,
      dataAsOf: (row: ResultRow) => row.content['dataAsOf'] ?? null,
      validUntil: (row: ResultRow) => row.content['validUntil'] ?? null,
      evaluator: (row: ResultRow) => ({ name: row.content['evaluatorName'] ?? null, uscc: row.content['evaluatorUscc'] ?? null }),
      cause: (row: ResultRow) => row.content['cause'] ?? null,
      score: (row: ResultRow, _: unknown, context: SubgraphContext) => shown(context, 'SCORE', reachOf(row), number(row.score)),
      scoreMax: (row: ResultRow, _: unknown, context: SubgraphContext) => shown(context, 'SCORE', reachOf(row), number(row.score_max)),
      indicators: (row: ResultRow, _: unknown, context: SubgraphContext) => shown(context, 'SCORE', reachOf(row), indicatorsOf(row)),
      topReasons: (row: ResultRow, _: unknown, context: SubgraphContext) => shown(context, 'SCORE', reachOf(row), row.content['reasons'] ?? []),
    },

    Provenance: {
      sourceUnit: (row: ResultRow) => ({ name: row.source_unit_name, uscc: row.source_unit }),
      sourceRecordId: (row: ResultRow, _: unknown, context: SubgraphContext) => shown(context, 'PROVENANCE', reachOf(row), row.source_record_id),
      catalogueCode: (row: ResultRow) => row.catalogue_code,
      collectedAt: (row: ResultRow) => row.collected_at,
    },
  };
}
