import { checkBatch, checkFirst, connectionFields, edgeFields, pageInfoFields } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { createCoverage } from '#kit/coverage.ts';
import { creditFileRoots } from '#kit/creditFile.ts';
import { badInput } from '#kit/errors.ts';
import { noteSubject } from '#kit/fields.ts';
import { createHistory, historyFields } from '#kit/history.ts';
import { filed, give, organisation, provenanceFields, recordFields, recordReference, restricted, said } from '#kit/recordFields.ts';
import { timesOf } from '#kit/records.ts';
import type { ResolverMap } from '#kit/resolverMap.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { isGivenInBulk } from '#policy/bulk.ts';
import { findEvaluationScheme } from '#standards/evaluationSchemes.ts';
import { checkUscc } from '#standards/uscc.ts';
import type { LatestAsk, Position, ResultRepository, ResultRow } from './repository.ts';
import type { EvaluationCause, Resolvers, ResolversParentTypes } from './resolvers.generated.ts';
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
  (filed<readonly FiledIndicator[]>(row, 'indicators') ?? []).map(({ code, score, max }) => ({ code, name: findFamilyName(row.scheme, code), score: number(score), scoreMax: number(max) }));

export function createResolvers(results: ResultRepository, workshop: Workshop): ResolverMap<Resolvers, ResolversParentTypes> {
  const { instants, cursors } = workshop;
  const files = creditFileRoots(instants);
  const { own: coverage, ...coverages } = createCoverage(workshop, 'evaluation', { evaluation: { table: 'result', typeOf: () => 'Evaluation' } });

  const history = createHistory(workshop, {
    schema: 'evaluation',
    table: 'result',
    own: { scheme: 'scheme', schemeVersion: 'scheme_version', grade: 'grade', score: 'score', scoreMax: 'score_max', evaluatedOn: 'evaluated_on' },
    classes: { score: 'SCORE', scoreMax: 'SCORE', indicators: 'SCORE', reasons: 'SCORE', remark: 'REMARK' },
  });

  const giveLatest = async (context: SubgraphContext, ask: LatestAsk): Promise<ResultRow[]> => (await results.loadLatest(context, ask)).map((row) => give(context, row, timesOf(ask)));

  const open = (scope: string, after: string | null | undefined): Position => {
    const [evaluatedOn, recordId] = cursors.openGiven(scope, after) ?? [];
    return evaluatedOn && recordId ? { evaluatedOn, recordId } : null;
  };

  return {
    ...coverages,
    Query: {
      ...files.Query,
      ...coverages.Query,
      evaluationSchemes: (_, { validAt }, { moment }) => schemesOn(validAt ?? moment.validAt),

      async evaluations(_, args, context) {
        const { moment, viewer } = context;
        checkBatch('codes', args.codes, MAX_CODES);
        const schemes = checkSchemes('schemes', args.schemes ?? schemeCodes);
        const times = { validAt: args.validAt ?? moment.validAt, knownAt: args.knownAt ?? moment.knownAt };
        await instants.require(times.knownAt, moment.knownAt);
        const checks = args.codes.map((input) => ({ input, check: checkUscc(input) }));
        const asked = new Set(checks.map(({ check }) => (check.status === 'VALID' ? check.uscc : null)));
        asked.delete(null);
        return checks.map(({ input, check }) => {
          if (check.status === 'VALID') {
            if (!isGivenInBulk(viewer, check.uscc, asked.size)) return { input, reason: 'NOT_IN_BULK', expected: null, ask: null };
            noteSubject(context, check.uscc);
            return { input, reason: null, expected: null, ask: { uscc: check.uscc, schemes, ...times } };
          }
          if (check.status === 'MISSING') return { input, reason: 'PLACEHOLDER', expected: null, ask: null };
          return { input, reason: check.reason, expected: check.expected ?? null, ask: null };
        });
      },
    },

    EvaluationsLookup: {
      entity: ({ ask }) => ask && { uscc: ask.uscc },
      evaluations: ({ ask }, _, context) => ask && giveLatest(context, ask),
    },

    CreditFile: {
      ...files.CreditFile,

      evaluations: (file, { schemes }, context) =>
        giveLatest(context, { ...file, schemes: checkSchemes('schemes', schemes ?? schemeCodes) }),

      async evaluationHistory(file, args, context) {
        const first = checkFirst(args.first);
        checkSchemes('scheme', [args.scheme]);
        const ask = { ...file, scheme: args.scheme };
        const scope = JSON.stringify(['CreditFile.evaluationHistory', file.uscc, file.validAt, file.knownAt, args.scheme, context.viewer.grant]);
        const page = await results.loadHistory(context, ask, first, open(scope, args.after));
        const items = page.items.map((row) => give(context, row, timesOf(file)));
        return { page: { ...page, items }, cursorOf: (row) => cursors.seal(scope, [row.evaluated_on, row.record_id]), count: () => results.countHistory(context, ask) };
      },
    },

    EvaluationConnection: connectionFields<ResultRow>(),
    EvaluationEdge: edgeFields<ResultRow>(),
    PageInfo: pageInfoFields,
    CollectionCoverage: { ...coverages.CollectionCoverage, evaluation: coverage },

    Evaluation: {
      ...recordFields<ResultRow>(() => KIND),
      history,
      __resolveReference: recordReference(KIND, instants, (context, key) => results.loadResult(context, key)),
      scheme: (row) => findScheme(row.scheme, row.scheme_version),
      grade: (row) => row.grade || null, // blank once erased
      gradeMeaning: (row) => findGradeMeaning(row.scheme, row.scheme_version, row.grade),
      evaluatedOn: (row) => row.evaluated_on,
      dataAsOf: said('dataAsOf'),
      validUntil: said('validUntil'),
      evaluator: (row) => organisation(filed(row, 'evaluatorName'), filed(row, 'evaluatorUscc')),
      cause: said<EvaluationCause>('cause'),
      score: restricted('SCORE', (row: ResultRow) => number(row.score)),
      scoreMax: restricted('SCORE', (row: ResultRow) => number(row.score_max)),
      indicators: restricted('SCORE', indicatorsOf),
      topReasons: restricted('SCORE', (row: ResultRow) => filed<readonly string[]>(row, 'reasons') ?? []),
    },

    Provenance: provenanceFields,
    ...historyFields,
  };
}
