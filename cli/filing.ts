import { type Api, DOMAIN_ERROR, successOf } from './api.ts';
import { Failure } from './failure.ts';

/** The effect of a full replacement. */
export interface Replacement {
  /** The unit's records before the replacement. */
  readonly standing: number;
  /** Those of them that are not in the filing. */
  readonly missing: number;
  readonly ended: number;
}

export interface Filing {
  readonly id: string;
  /** QUARANTINED: a full replacement that waits for a second person. */
  readonly status: string;
  /** Null for other filings, and before all parts have arrived. */
  readonly replacement: Replacement | null;
}

/** The selection of the fields of a `Filing`. */
export const FILING = 'id status replacement { standing missing ended }';
const FIND = `query filing($id: ID!) { filing(id: $id) { ${FILING} } }`;
const CONFIRM = `mutation confirmFiling($input: ConfirmFilingInput!) { confirmFiling(input: $input) { __typename ... on FilingConfirmed { filing { ${FILING} } } ${DOMAIN_ERROR} } }`;
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const filingTexts = [FIND, CONFIRM];

export const waits = ({ status }: Pick<Filing, 'status'>): boolean => status === 'QUARANTINED';

/** Reads a filing. @throws Failure when there is none, or it belongs to another unit */
export async function findFiling(api: Api, id: string): Promise<Filing> {
  const filing = await api.ask<Filing | null>('filing', FIND, { id });
  if (!filing) throw new Failure(`There is no filing ${id} that you may see.`);
  return filing;
}

/** Decides on a full replacement that waits. After an interruption it can be run again and goes on. */
export async function decideFiling(api: Api, id: string, apply: boolean): Promise<Filing> {
  // The answer is stored under the idempotency key, so the mutation must not be sent before the filing has been
  // assessed.
  const { status, replacement } = await findFiling(api, id);
  if (replacement === null) throw new Failure(`The filing ${id} is ${status} and does not wait for anybody.`);
  const input = { idempotencyKey: `${id} ${apply ? 'apply' : 'discard'}`, id, apply };
  return successOf(await api.ask<{ filing: Filing }>('confirmFiling', CONFIRM, { input }), 'confirmFiling').filing;
}

/** `QUARANTINED: 10 of 20 records are missing, 0 have ended` */
export const filingLine = ({ status, replacement }: Pick<Filing, 'status' | 'replacement'>): string =>
  replacement === null
    ? status
    : `${status}: ${replacement.missing} of ${replacement.standing} records are missing, ` +
      `${replacement.ended} have ended`;
