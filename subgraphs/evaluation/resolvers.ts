import { checkFirst, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { Pager } from '#kit/cursor.ts';
import { createCoverage } from '#records/coverage.ts';
import { creditFileRoots } from '#records/creditFile.ts';
import { checkSchemes, createEvaluationLookups } from '#records/evaluationLookups.ts';
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
import type { LatestAsk, Position, ResultRepository, ResultRow } from './repository.ts';
import type { EvaluationCause, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
import { findFamilyName, findGradeMeaning, findScheme, schemesOn } from './schemes.ts';

const KIND = 'Evaluation';

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
      evaluations: createEvaluationLookups(files),
    },

    EvaluationsLookup: {
      entity: ({ file }) => file && { uscc: file.uscc },
      evaluations: ({ file, schemes }, _, context) => file && readLatest(context, { ...file, schemes }),
    },

    CreditFile: {
      ...files.CreditFile,

      evaluations: (file, { schemes }, context) =>
        readLatest(context, { ...file, schemes: checkSchemes('schemes', schemes) }),

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
