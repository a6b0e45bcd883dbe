import { isGivenInBulk } from '#policy/bulk.ts';
import { checkBatch } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { badInput } from '#kit/errors.ts';
import { noteSubject } from '#kit/fields.ts';
import { codeCheckFor } from './codeChecks.ts';
import type { SubgraphRuntime } from './subgraph.ts';
import { subgraphScalars } from '#kit/scalars.ts';

/** The credit file of one entity at one moment, as every subgraph holds it. Each subgraph adds its own section. */
export interface CreditFile {
  readonly uscc: string;
  /** Day in Asia/Shanghai. */
  readonly validAt: string;
  /** Sealed instant, ISO 8601 in UTC. */
  readonly knownAt: string;
}

/** One item of a batch of codes: the code's file, or the rule that the input broke. */
export interface CodeLookup {
  readonly input: string;
  /**
   * LENGTH, ALPHABET, CHECK_CHARACTER or PLACEHOLDER; NOT_IN_BULK for a code that has to be requested alone; null when
   * the file is returned.
   */
  readonly reason: string | null;
  readonly expected: string | null;
  readonly file: CreditFile | null;
}

/** A code of a list of codes: the code itself, or the rule that the input broke. */
export interface CheckedCode extends Pick<CodeLookup, 'input' | 'reason' | 'expected'> {
  /** Null when `reason` is not. */
  readonly uscc: string | null;
}

interface Times {
  validAt?: string | null;
  knownAt?: string | null;
}

interface Codes extends Times {
  codes: readonly string[];
}

const MAX_FILES = 100;

/**
 * Reads a field of a representation as an argument of its type would be read; returns `otherwise` where it is left out.
 * @throws BAD_USER_INPUT (TYPE)
 */
export function readKey(
  key: Readonly<Record<string, unknown>>,
  field: string,
  scalar: 'USCC' | 'Date' | 'DateTime',
  otherwise?: string,
): string {
  if (key[field] === undefined && otherwise !== undefined) return otherwise;
  const parsed: unknown = subgraphScalars[scalar]?.parseValue(key[field]);
  if (typeof parsed !== 'string') throw badInput(field, 'TYPE', `\`${field}\` is no ${scalar}.`);
  return parsed;
}

/** Checks the codes of a list, in order. A bad code spoils only its own item. Every good one is noted as a subject. */
export async function checkCodes(
  inputs: readonly string[],
  { rules }: Pick<SubgraphRuntime, 'rules'>,
  context: SubgraphContext,
): Promise<CheckedCode[]> {
  const checkCode = await codeCheckFor(rules, context.today, inputs);
  const checks = inputs.map((input) => ({ input, check: checkCode(input) }));
  const asked = new Set(checks.flatMap(({ check }) => (check.status === 'VALID' ? [check.uscc] : []))).size;
  return checks.map(({ input, check }) => {
    if (check.status === 'MISSING') return { input, reason: 'PLACEHOLDER', expected: null, uscc: null };
    if (check.status === 'INVALID')
      return { input, reason: check.reason, expected: check.expected ?? null, uscc: null };
    const { uscc } = check;
    if (!isGivenInBulk(context.viewer, uscc, asked))
      return { input, reason: 'NOT_IN_BULK', expected: null, uscc: null };
    noteSubject(context, uscc);
    return { input, reason: null, expected: null, uscc };
  });
}

/**
 * The roots of a credit file, the same in all four subgraphs: Query.creditFile, Query.creditFiles and the reference
 * resolver. Only the entity subgraph answers whether the code is known. Spread them into the subgraph's own resolvers:
 * `{ Query: { ...files.Query, … }, CreditFile: { ...files.CreditFile, … } }`.
 *
 * Every root throws KNOWN_AT_TOO_LATE for an instant that is not sealed here, and `creditFiles` BAD_USER_INPUT
 * (TOO_MANY) for more than 100 codes.
 */
export function creditFileRoots(runtime: Pick<SubgraphRuntime, 'instants' | 'rules'>) {
  const { instants } = runtime;
  const momentOf = async (
    { validAt, knownAt }: Times,
    { moment }: SubgraphContext,
  ): Promise<Omit<CreditFile, 'uscc'>> => {
    const times = { validAt: validAt ?? moment.validAt, knownAt: knownAt ?? moment.knownAt };
    await instants.require(times.knownAt, moment.knownAt);
    return times;
  };

  const fileOf = async (uscc: string, times: Times, context: SubgraphContext): Promise<CreditFile> => {
    noteSubject(context, uscc);
    return { uscc, ...(await momentOf(times, context)) };
  };

  /** @throws BAD_USER_INPUT (TOO_MANY) for more than `max` codes; a bad code spoils only its own item. */
  const lookUp = async (args: Codes, max: number, context: SubgraphContext): Promise<CodeLookup[]> => {
    checkBatch('codes', args.codes, max);
    const times = await momentOf(args, context);
    return (await checkCodes(args.codes, runtime, context)).map(({ uscc, ...lookup }) => ({
      ...lookup,
      file: uscc === null ? null : { uscc, ...times },
    }));
  };

  return {
    /** One item for each code of a batch, with its file at the two times. */
    lookUp,
    Query: {
      creditFile: (_: unknown, args: { uscc: string } & Times, context: SubgraphContext): Promise<CreditFile> =>
        fileOf(args.uscc, args, context),

      creditFiles: (_: unknown, args: Codes, context: SubgraphContext): Promise<CodeLookup[]> =>
        lookUp(args, MAX_FILES, context),
    },
    CreditFile: {
      /** GraphQL does not coerce representations. They are read here as the arguments of `creditFile` would be. */
      __resolveReference: async (
        key: Readonly<Record<string, unknown>>,
        context: SubgraphContext,
      ): Promise<CreditFile> => {
        return fileOf(
          readKey(key, 'uscc', 'USCC'),
          { validAt: readKey(key, 'validAt', 'Date'), knownAt: readKey(key, 'knownAt', 'DateTime') },
          context,
        );
      },
    },
  };
}
