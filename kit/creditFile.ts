import { isGivenInBulk } from '#policy/bulk.ts';
import { checkUscc } from '#standards/uscc.ts';
import { checkBatch } from './connection.ts';
import type { SubgraphContext } from './context.ts';
import { badInput } from './errors.ts';
import { noteSubject } from './fields.ts';
import type { Instants } from './instants.ts';
import { scalars } from './scalars.ts';

/** The credit file of one entity at one moment, as every subgraph holds it: each adds its own section to it. */
export interface CreditFile {
  readonly uscc: string;
  /** Day in Asia/Shanghai. */
  readonly validAt: string;
  /** Sealed instant, ISO 8601 in UTC. */
  readonly knownAt: string;
}

/** One item of `creditFiles`: the file, or the rule that the input broke. */
export interface CreditFileLookup {
  readonly input: string;
  /** LENGTH, ALPHABET, CHECK_CHARACTER or PLACEHOLDER; NOT_IN_BULK for a code to be asked for alone; null when the file is given. */
  readonly reason: string | null;
  readonly expected: string | null;
  readonly file: CreditFile | null;
}

interface Times {
  validAt?: string | null;
  knownAt?: string | null;
}

const MAX_FILES = 100;

/**
 * A field of a representation, read as an argument of its type would be. `otherwise` where it is left out.
 * @throws BAD_USER_INPUT (TYPE)
 */
export function readKey(key: Readonly<Record<string, unknown>>, field: string, scalar: 'USCC' | 'Date' | 'DateTime', otherwise?: string): string {
  if (key[field] === undefined && otherwise !== undefined) return otherwise;
  const parsed: unknown = scalars[scalar]?.parseValue(key[field]);
  if (typeof parsed !== 'string') throw badInput(field, 'TYPE', `\`${field}\` is no ${scalar}.`);
  return parsed;
}

/**
 * The roots of a credit file, the same in all four subgraphs: Query.creditFile, Query.creditFiles and the reference resolver.
 * Whether the code is known is asked of the entity subgraph alone. Spread them into the subgraph's own resolvers:
 * `{ Query: { ...files.Query, … }, CreditFile: { ...files.CreditFile, … } }`.
 *
 * Every root throws KNOWN_AT_TOO_LATE for an instant that is not sealed here.
 */
export function creditFileRoots(instants: Instants) {
  const momentOf = async ({ validAt, knownAt }: Times, { moment }: SubgraphContext): Promise<Omit<CreditFile, 'uscc'>> => {
    const times = { validAt: validAt ?? moment.validAt, knownAt: knownAt ?? moment.knownAt };
    await instants.require(times.knownAt, moment.knownAt);
    return times;
  };

  const fileOf = async (uscc: string, times: Times, context: SubgraphContext): Promise<CreditFile> => {
    noteSubject(context, uscc);
    return { uscc, ...(await momentOf(times, context)) };
  };

  return {
    Query: {
      creditFile: (_: unknown, args: { uscc: string } & Times, context: SubgraphContext): Promise<CreditFile> => fileOf(args.uscc, args, context),

      /** @throws BAD_USER_INPUT (TOO_MANY) for more than 100 codes; a bad code spoils only its own item. */
      async creditFiles(_: unknown, args: { codes: readonly string[] } & Times, context: SubgraphContext): Promise<CreditFileLookup[]> {
        checkBatch('codes', args.codes, MAX_FILES);
        const times = await momentOf(args, context);
        const checks = args.codes.map((input) => ({ input, check: checkUscc(input) }));
        const asked = new Set(checks.map(({ check }) => (check.status === 'VALID' ? check.uscc : null)));
        asked.delete(null);
        return checks.map(({ input, check }) => {
          if (check.status === 'VALID') {
            if (!isGivenInBulk(context.viewer, check.uscc, asked.size)) return { input, reason: 'NOT_IN_BULK', expected: null, file: null };
            noteSubject(context, check.uscc);
            return { input, reason: null, expected: null, file: { uscc: check.uscc, ...times } };
          }
          if (check.status === 'MISSING') return { input, reason: 'PLACEHOLDER', expected: null, file: null };
          return { input, reason: check.reason, expected: check.expected ?? null, file: null };
        });
      },
    },
    CreditFile: {
      /** Representations are not coerced by GraphQL: they are read here as the arguments of `creditFile` would be. */
      __resolveReference: async (key: Readonly<Record<string, unknown>>, context: SubgraphContext): Promise<CreditFile> => {
        return fileOf(readKey(key, 'uscc', 'USCC'), { validAt: readKey(key, 'validAt', 'Date'), knownAt: readKey(key, 'knownAt', 'DateTime') }, context);
      },
    },
  };
}
