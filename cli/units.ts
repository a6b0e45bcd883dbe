import { randomUUID } from 'node:crypto';
import { type Api, DOMAIN_ERROR, successOf } from './api.ts';

export interface WantedUnit {
  readonly unit: string;
  /** A kind of filing. */
  readonly kind: string;
  readonly name?: string | undefined;
  readonly province?: string | undefined;
  readonly sector?: string | undefined;
  readonly promisedDelayHours?: number | undefined;
}

/** A unit as registered at the gateway, for one kind of filing. */
export interface SourceUnit {
  readonly unit: string;
  readonly name: string | null;
  readonly kind: string;
  readonly province: string | null;
  readonly sector: string | null;
  readonly promisedDelayHours: number;
  readonly registered: boolean;
  readonly registeredAt: string;
  readonly lastFiledAt: string | null;
  readonly late: boolean;
}

const REGISTER = `mutation registerSourceUnits($input: RegisterSourceUnitsInput!) { registerSourceUnits(input: $input) { __typename ... on SourceUnitsRegistered { count } ${DOMAIN_ERROR} } }`;
const FIND =
  'query sourceUnits($unit: USCC!) { sourceUnits(unit: $unit) { unit name kind province sector promisedDelayHours registered registeredAt lastFiledAt late } }';
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const unitTexts = [REGISTER, FIND];
const BATCH = 1000;

/** Registers units, or changes their registration. */
export async function registerUnits(api: Api, units: readonly WantedUnit[]): Promise<void> {
  for (let at = 0; at < units.length; at += BATCH) {
    // An idempotency key made of the content would return the answer from before another change of the registration.
    const input = { idempotencyKey: randomUUID(), units: units.slice(at, at + BATCH) };
    successOf(await api.ask<{ count: number }>('registerSourceUnits', REGISTER, { input }), 'register units');
  }
}

export const findUnit = (api: Api, unit: string): Promise<SourceUnit[]> => api.ask('sourceUnits', FIND, { unit });

/** `licence         33 F   every 840 h   last filed 2026-11-25T01:02:03.004Z   late` */
export function unitLine({
  kind,
  province,
  sector,
  promisedDelayHours,
  registered,
  lastFiledAt,
  late,
}: SourceUnit): string {
  const scope = [province ?? '*', sector ?? '*'].join(' ').padEnd(6);
  const lastFiling = lastFiledAt === null ? 'never filed' : `last filed ${lastFiledAt}`;
  return [
    kind.padEnd(15),
    scope,
    `every ${promisedDelayHours} h`,
    lastFiling,
    late ? 'late' : 'in time',
    ...(registered ? [] : ['not registered']),
  ].join('   ');
}
