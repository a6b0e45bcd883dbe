import { checkIdentifier, findIdentifierScheme } from '#standards/identifierSchemes.ts';
import { badInput } from '#kit/errors.ts';
import { isGivenInBulk } from '#policy/bulk.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { CodeCheck } from '#standards/uscc.ts';
import type { Times } from '#records/record.ts';
import type { ProfileRow } from './repository.ts';

/** An entity in the state in force on a day, as it was known by an instant. */
export interface EntityState extends Times {
  readonly row: ProfileRow;
}

/** The outcome of one input: the rule that it broke, or the entity that it names. */
export interface EntityLookup {
  readonly input: string;
  readonly status: 'FOUND' | 'UNKNOWN' | 'MISSING' | 'INVALID' | 'SUPERSEDED' | 'NOT_IN_BULK';
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
 * The normalised value of an identifier, or the item that says why it is invalid.
 * @throws BAD_USER_INPUT (UNKNOWN_CODE) for a scheme that does not exist
 */
export function readIdentifier(scheme: string, input: string): { value: string } | { refused: EntityLookup } {
  if (!findIdentifierScheme(scheme))
    throw badInput('scheme', 'UNKNOWN_CODE', 'There is no such identifier scheme.', 'a code of identifierSchemes');
  const check = checkIdentifier(scheme, input);
  if (check.status === 'VALID') return { value: check.value };
  return {
    refused:
      check.status === 'MISSING'
        ? lookup(input, 'MISSING', { reason: 'PLACEHOLDER' })
        : lookup(input, 'INVALID', { reason: check.reason }),
  };
}
