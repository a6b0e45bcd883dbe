import { checkBatch, checkFirst, type Connection, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { creditFileRoots, type CreditFile } from '#kit/creditFile.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { badInput } from '#kit/errors.ts';
import type { Instants } from '#kit/instants.ts';
import { give, organisation, provenanceFields, recordFields, recordReference, restricted, said } from '#kit/recordFields.ts';
import { findEvaluationScheme } from '#standards/evaluationSchemes.ts';
import { checkUscc } from '#standards/uscc.ts';
import type { LatestAsk, Position, ResultRepository, ResultRow, Times } from './repository.ts';
import { findFamilyName, findGradeMeaning, findScheme, schemeCodes, schemesOn } from './schemes.ts';

/** One item of `evaluations`: what to look up, or the rule that the input broke. */
export interface ResultsLookup {
  readonly input: string;
  readonly reason: string | null;
  readonly expected: string | null;
  readonly ask: LatestAsk | null;
}

const MAX_CODES = 1000;
const KIND = 'Evaluation';
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

      async evaluationHistory(file: CreditFile, args: { scheme: string; first: number; after?: string | null }, context: SubgraphContext): Promise<Connection<ResultRow>> {
        const first = checkFirst(args.first);
        checkSchemes('scheme', [args.scheme]);
        const ask = { ...file, scheme: args.scheme };
        const scope = JSON.stringify(['CreditFile.evaluationHistory', file.uscc, file.validAt, file.knownAt, args.scheme, context.viewer.grant]);
        const page = await results.loadHistory(context, ask, first, open(scope, args.after));
        const items = page.items.map((row) => give(context, row));
        return { page: { ...page, items }, cursorOf: (row) => cursors.seal(scope, [row.evaluated_on, row.record_id]), count: () => results.countHistory(context, ask) };
      },
    },

    EvaluationConnection: connectionFields<ResultRow>(),
    EvaluationEdge: edgeFields<ResultRow>(),
    PageInfo: pageInfoFields,

    Evaluation: {
      ...recordFields<ResultRow>(() => KIND),
      __resolveReference: recordReference(KIND, instants, (context, key) => results.loadResult(context, { ...key, ...context.moment })),
      scheme: (row: ResultRow) => findScheme(row.scheme, row.scheme_version),
      gradeMeaning: (row: ResultRow) => findGradeMeaning(row.scheme, row.scheme_version, row.grade),
      evaluatedOn: (row: ResultRow) => row.evaluated_on,
      dataAsOf: said('dataAsOf'),
      validUntil: said('validUntil'),
      evaluator: (row: ResultRow) => organisation(row.content['evaluatorName'], row.content['evaluatorUscc']),
      cause: said('cause'),
      score: restricted<ResultRow>('SCORE', (row) => number(row.score)),
      scoreMax: restricted<ResultRow>('SCORE', (row) => number(row.score_max)),
      indicators: restricted<ResultRow>('SCORE', (row) => indicatorsOf(row)),
      topReasons: restricted<ResultRow>('SCORE', (row) => row.content['reasons'] ?? []),
    },

    Provenance: provenanceFields,
  };
}
