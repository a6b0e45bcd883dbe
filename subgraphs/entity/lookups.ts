import { checkIdentifier, findIdentifierScheme } from '#standards/identifierSchemes.ts';
import { badInput } from '#kit/errors.ts';
import { isGivenInBulk } from '#policy/bulk.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { CodeCheck } from '#standards/uscc.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { CodeLookup } from '#records/creditFile.ts';
import type { Times } from '#records/record.ts';
import type { ProfileRepository, ProfileRow } from './repository.ts';
import type { LookupStatus } from './resolvers.generated.ts';

/** An entity in the state in force on a day, as it was known by an instant. */
export interface EntityState extends Times {
  readonly row: ProfileRow;
}

/** The outcome of one input: the rule that it broke, or the entity that it names. */
export interface EntityLookup {
  readonly input: string;
  /** Never UNAVAILABLE: what this subgraph answers is known. The gateway says it for a subgraph that is away. */
  readonly status: Exclude<LookupStatus, 'UNAVAILABLE'>;
  readonly reason: string | null;
  readonly expected: string | null;
  readonly successor: string | null;
  readonly entity: EntityState | null;
}

const lookup = (input: string, status: EntityLookup['status'], rest: Partial<EntityLookup> = {}): EntityLookup => ({
  input,
  status,
  reason: null,
  expected: null,
  successor: null,
  entity: null,
  ...rest,
});

/** The item of an input that names a code, with its entity or UNKNOWN. */
export function lookupOf(input: string, entity: EntityState | null): EntityLookup {
  if (!entity) return lookup(input, 'UNKNOWN');
  const { successor } = entity.row;
  return successor === null ? lookup(input, 'FOUND', { entity }) : lookup(input, 'SUPERSEDED', { successor, entity });
}

/**
 * The code of each input of a batch, or the item that says why the input is not a code or is not answered in this
 * batch.
 */
export function readCodes(
  inputs: readonly string[],
  viewer: Viewer,
  checkCode: CodeCheck,
): ({ input: string; uscc: string } | { refused: EntityLookup })[] {
  const read = inputs.map((input) => ({ input, ...readCode(checkCode, input) }));
  const asked = new Set(read.flatMap((each) => ('uscc' in each ? [each.uscc] : []))).size;
  return read.map((each) =>
    'uscc' in each && !isGivenInBulk(viewer, each.uscc, asked) ? { refused: lookup(each.input, 'NOT_IN_BULK') } : each,
  );
}

function readCode(checkCode: CodeCheck, input: string): { uscc: string } | { refused: EntityLookup } {
  const check = checkCode(input);
  if (check.status === 'VALID') return { uscc: check.uscc };
  if (check.status === 'MISSING') return { refused: lookup(input, 'MISSING', { reason: 'PLACEHOLDER' }) };
  return { refused: lookup(input, 'INVALID', { reason: check.reason, expected: check.expected ?? null }) };
}

/**
 * The normalised value of an identifier, or the item that says why it is invalid. A code is read as in every batch.
 * @throws BAD_USER_INPUT (UNKNOWN_CODE) for a scheme that does not exist
 */
export function readIdentifier(
  scheme: string,
  input: string,
  checkCode: CodeCheck,
): { value: string } | { refused: EntityLookup } {
  if (!findIdentifierScheme(scheme))
    throw badInput('scheme', 'UNKNOWN_CODE', 'There is no such identifier scheme.', 'a code of identifierSchemes');
  if (scheme === 'USCC') {
    const read = readCode(checkCode, input);
    return 'refused' in read ? read : { value: read.uscc };
  }
  const check = checkIdentifier(scheme, input);
  if (check.status === 'VALID') return { value: check.value };
  return {
    refused:
      check.status === 'MISSING'
        ? lookup(input, 'MISSING', { reason: 'PLACEHOLDER' })
        : lookup(input, 'INVALID', { reason: check.reason }),
  };
}

/** The status of an input without a file, by the rule that it broke. */
const statusOfRefused = (reason: string | null): EntityLookup['status'] => {
  if (reason === 'PLACEHOLDER') return 'MISSING';
  return reason === 'NOT_IN_BULK' ? 'NOT_IN_BULK' : 'INVALID';
};

/**
 * The resolvers of what the register knows about the code of a batch of files or results, at the times of the batch.
 * Every subgraph that answers such a batch reads the codes alike; only this one knows which codes there are.
 */
export const createCodeFields = (profiles: ProfileRepository) => ({
  async status({ reason, file }: CodeLookup, _: unknown, context: SubgraphContext): Promise<EntityLookup['status']> {
    if (file === null) return statusOfRefused(reason);
    const { isKnown, row } = await profiles.loadCurrentVersions(context, file);
    if (!isKnown) return 'UNKNOWN';
    return row === null || row.successor === null ? 'FOUND' : 'SUPERSEDED';
  },
  successor: async ({ file }: CodeLookup, _: unknown, context: SubgraphContext): Promise<string | null> =>
    file && ((await profiles.loadCurrentVersions(context, file)).row?.successor ?? null),
});
