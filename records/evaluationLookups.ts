import type { SubgraphContext } from '#kit/context.ts';
import { badInput } from '#kit/errors.ts';
import { evaluationSchemes, findEvaluationScheme } from '#standards/evaluationSchemes.ts';
import type { CodeLookup, creditFileRoots } from './creditFile.ts';

// `Query.evaluations`, which two subgraphs answer: evaluation has the results, and entity knows which codes there are.

/** One item of `evaluations`: the code's file and the schemes, or the rule that the input broke. */
export interface ResultsLookup extends CodeLookup {
  /** Codes of schemes. The results are returned in their order. */
  readonly schemes: readonly string[];
}

interface Asked {
  codes: readonly string[];
  schemes?: readonly string[] | null;
  validAt?: string | null;
  knownAt?: string | null;
}

const MAX_CODES = 1000;

/** Codes of all schemes, in the order of the catalogue. */
const schemeCodes: readonly string[] = evaluationSchemes.map(({ code }) => code);

/**
 * The schemes that are asked for, each once; all when none are named.
 * @throws BAD_USER_INPUT (UNKNOWN_CODE) for a scheme that does not exist, because an empty answer to a misspelt code
 * would look like "not evaluated"
 */
export function checkSchemes(argument: string, schemes: readonly string[] | null | undefined): readonly string[] {
  if (schemes == null) return schemeCodes;
  if (schemes.some((code) => findEvaluationScheme(code) === null))
    throw badInput(argument, 'UNKNOWN_CODE', 'There is no such evaluation scheme.', 'codes of evaluationSchemes');
  return [...new Set(schemes)];
}

/**
 * Creates `Query.evaluations`, which refuses the same arguments in both subgraphs.
 * @param files of the subgraph
 */
export const createEvaluationLookups =
  ({ lookUp }: Pick<ReturnType<typeof creditFileRoots>, 'lookUp'>) =>
  /** @throws BAD_USER_INPUT (TOO_MANY for more than 1 000 codes; UNKNOWN_CODE), KNOWN_AT_TOO_LATE */
  async (_: unknown, args: Asked, context: SubgraphContext): Promise<ResultsLookup[]> => {
    const schemes = checkSchemes('schemes', args.schemes);
    return (await lookUp(args, MAX_CODES, context)).map((lookup) => ({ ...lookup, schemes }));
  };
