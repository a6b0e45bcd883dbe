import { checkBatch, checkFirst, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { Pager } from '#kit/cursor.ts';
import { createCoverage } from '#records/coverage.ts';
import { checkCodes, creditFileRoots } from '#records/creditFile.ts';
import { badInput } from '#kit/errors.ts';
import { createHistory, historyFields, type KeptHistory } from '#records/history.ts';
import {
  contentField,
  recordRead,
  organisation,
  provenanceFields,
  recordFields,
  recordReference,
  restricted,
  formField,
} from '#records/recordFields.ts';
import { timesOf } from '#records/record.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { findEvaluationScheme } from '#standards/evaluationSchemes.ts';
import type { LatestAsk, Position, ResultRepository, ResultRow } from './repository.ts';
import type { EvaluationCause, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { findFamilyName, findGradeMeaning, findScheme, schemeCodes, schemesOn } from './schemes.ts';

/** One item of `evaluations`: the code to look up, or the rule that the input broke. */
export interface ResultsLookup {
  readonly input: string;
  readonly reason: string | null;
  readonly expected: string | null;
  readonly ask: LatestAsk | null;
}

const MAX_CODES = 1000;
const KIND = 'Evaluation';

/**
 * @throws BAD_USER_INPUT (UNKNOWN_CODE) for a scheme that does not exist, because an empty answer to a misspelt code
 * would look like "not evaluated"
 */
function checkSchemes(argument: string, schemes: readonly string[]): readonly string[] {
  if (schemes.some((code) => findEvaluationScheme(code) === null))
    throw badInput(argument, 'UNKNOWN_CODE', 'There is no such evaluation scheme.', 'codes of evaluationSchemes');
  return [...new Set(schemes)];
}

const number = (decimal: string | null): number | null => (decimal === null ? null : Number(decimal));

interface FiledIndicator {
  readonly code: string;
  readonly score: string;
  readonly max: string | null;
}

const indicatorsOf = (row: ResultRow) =>
  (contentField<readonly FiledIndicator[]>(row, 'indicators') ?? []).map(({ code, score, max }) => ({
    code,
    name: findFamilyName(row.scheme, code),
    score: number(score),
    scoreMax: number(max),
  }));

/** The resolvers of `Evaluation` that need no repository. */
const evaluationFields = {
  ...recordFields<ResultRow>(() => KIND),
  scheme: (row: ResultRow) => findScheme(row.scheme, row.scheme_version),
  grade: (row: ResultRow) => row.grade || null, // blank once erased
  gradeMeaning: (row: ResultRow) => findGradeMeaning(row.scheme, row.scheme_version, row.grade),
  dataAsOf: formField('dataAsOf'),
  validUntil: formField('validUntil'),
  evaluator: (row: ResultRow) => organisation(contentField(row, 'evaluatorName'), contentField(row, 'evaluatorUscc')),
  cause: formField<EvaluationCause>('cause'),
  score: restricted('SCORE', (row: ResultRow) => number(row.score)),
  scoreMax: restricted('SCORE', (row: ResultRow) => number(row.score_max)),
  indicators: restricted('SCORE', indicatorsOf),
  topReasons: restricted('SCORE', (row: ResultRow) => contentField<readonly string[]>(row, 'reasons') ?? []),
};

/** What the versions of a result state, beside the fields of the form. */
const keptHistory: KeptHistory = {
  schema: 'evaluation',
  table: 'result',
  own: {
    scheme: 'scheme',
    schemeVersion: 'scheme_version',
    grade: 'grade',
    score: 'score',
    scoreMax: 'score_max',
    evaluatedOn: 'evaluated_on',
  },
  classes: { score: 'SCORE', scoreMax: 'SCORE', indicators: 'SCORE', reasons: 'SCORE', remark: 'REMARK' },
};

export function createResolvers(
  results: ResultRepository,
  runtime: SubgraphRuntime,
): ResolverMap<Resolvers, ResolversParentTypes> {
  const { instants, cursors } = runtime;
  const files = creditFileRoots(runtime);
  const { own: coverage, ...coverages } = createCoverage(runtime, 'evaluation', {
    evaluation: { table: 'result', typeOf: () => KIND },
  });

  const readLatest = async (context: SubgraphContext, ask: LatestAsk): Promise<ResultRow[]> =>
    (await results.loadLatest(context, ask)).map((row) => recordRead(context, row, timesOf(ask)));

  const positionOf = (pager: Pager, after: string | null | undefined): Position => {
    const [evaluatedOn, recordId] = pager.position(after) ?? [];
    return evaluatedOn && recordId ? { evaluatedOn, recordId } : null;
  };

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,
      evaluationSchemes: (_, { validAt }, { moment }) => schemesOn(validAt ?? moment.validAt),

      async evaluations(_, args, context) {
        const { moment } = context;
        checkBatch('codes', args.codes, MAX_CODES);
        const schemes = checkSchemes('schemes', args.schemes ?? schemeCodes);
        const times = { validAt: args.validAt ?? moment.validAt, knownAt: args.knownAt ?? moment.knownAt };
        await instants.require(times.knownAt, moment.knownAt);
        return (await checkCodes(args.codes, runtime, context)).map(({ uscc, ...lookup }) => ({
          ...lookup,
          ask: uscc === null ? null : { uscc, schemes, ...times },
        }));
      },
    },

    EvaluationsLookup: {
      entity: ({ ask }) => ask && { uscc: ask.uscc },
      evaluations: ({ ask }, _, context) => ask && readLatest(context, ask),
    },

    CreditFile: {
      ...files.CreditFile,

      evaluations: (file, { schemes }, context) =>
        readLatest(context, { ...file, schemes: checkSchemes('schemes', schemes ?? schemeCodes) }),

      async evaluationHistory(file, args, context) {
        const first = checkFirst(args.first);
        checkSchemes('scheme', [args.scheme]);
        const ask = { ...file, scheme: args.scheme };
        const question = [file.uscc, file.validAt, file.knownAt, args.scheme];
        const pager = cursors.pager('CreditFile.evaluationHistory', question, context.viewer);
        const page = await results.loadHistory(context, ask, first, positionOf(pager, args.after));
        const items = page.items.map((row) => recordRead(context, row, timesOf(file)));
        return {
          page: { ...page, items },
          cursorOf: (row) => pager.cursorOf(row.evaluated_on, row.record_id),
          count: () => results.countHistory(context, ask),
        };
      },
    },

    EvaluationConnection: connectionFields<ResultRow>(),
    EvaluationEdge: edgeFields<ResultRow>(),
    PageInfo: pageInfoFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, evaluation: coverage },

    Evaluation: {
      ...evaluationFields,
      history: createHistory(runtime, keptHistory),
      __resolveReference: recordReference(KIND, instants, (context, key) => results.loadResult(context, key)),
    },

    Provenance: provenanceFields,
    ...historyFields,
  };
}
