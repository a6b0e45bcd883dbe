import { hash } from 'node:crypto';
import { createKeyedHash, deriveKey, type KeyRing } from './keys.ts';

/** What every table of records has, in the order of prisma/migrations; each table adds its own columns. */
export interface RecordRow {
  readonly uscc: string;
  /** UUID text; the same through all versions. */
  readonly record_id: string;
  readonly version: number;
  /** Hexadecimal. */
  readonly digest: string;
  readonly source_unit: string;
  readonly source_unit_name: string | null;
  readonly source_record_id: string | null;
  readonly catalogue_code: string;
  readonly collected_at: string;
  readonly disclosure_level: string;
  readonly public_from: string | null;
  readonly public_until: string | null;
  readonly withdrawn_on: string | null;
  readonly province: string;
  readonly sector: string | null;
  readonly determining_unit: string | null;
  readonly under_objection: boolean;
  readonly valid_from: string;
  readonly valid_to: string | null;
  readonly recorded_at: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly additional_fields: Readonly<Record<string, string>> | null;
  /** The two times for which it is given, where they are not the operation's own; set by `give` (kit/recordFields.ts). */
  at?: Times;
}

/** The two times of a question: a day in Asia/Shanghai and a sealed instant. */
export interface Times {
  readonly validAt: string;
  readonly knownAt: string;
}

export const timesOf = ({ validAt, knownAt }: Times): Times => ({ validAt, knownAt });

/** The record columns a read needs, as a select list over `alias`. */
export const recordColumns = (alias: string): string =>
  ['uscc', 'record_id', 'version', 'digest', 'source_unit', 'source_unit_name', 'source_record_id', 'catalogue_code', 'collected_at', 'disclosure_level', 'public_from', 'public_until', 'withdrawn_on', 'province', 'sector', 'determining_unit', 'under_objection', 'valid_from', 'valid_to', 'recorded_at', 'content', 'additional_fields']
    .map((column) => `${alias}.${column}`)
    .join(', ');

/** Version believed at an instant, SQL of a timestamptz. */
export const believedAt = (alias: string, knownAt: string): string => `${alias}.recorded_at <= ${knownAt} and ${alias}.superseded_at > ${knownAt}`;

/** Why a record ended that its source no longer has. Filed again it comes back (filing/merge.ts). */
export const NOT_IN_REPLACEMENT = 'NOT_IN_REPLACEMENT';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The id a client sees: opaque, with the code inside, so that any subgraph can be asked for the record by its shard key. */
export const encodeId = (kind: string, uscc: string, recordId: string): string => Buffer.from(`${kind}:${uscc}:${recordId}`).toString('base64url');

/** Null for anything `encodeId` did not make. */
export function decodeId(id: string): { kind: string; uscc: string; recordId: string } | null {
  const [kind, uscc, recordId, ...rest] = Buffer.from(id, 'base64url').toString('utf8').split(':');
  return kind && uscc && recordId && rest.length === 0 && UUID.test(recordId) ? { kind, uscc, recordId } : null;
}

/** A record's identity out of its natural key: the same filing always means the same record, on any server. */
export function recordIdOf(...naturalKey: readonly string[]): string {
  const hex = hash('sha256', naturalKey.join('\u001f'));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** Digests are keyed (HMAC-SHA-256, hexadecimal): with a plain hash whoever guesses an erased content could prove the guess. */
export function createDigester(ring: KeyRing): (canonical: string) => string {
  const keyed = createKeyedHash(deriveKey(ring[0], 'record digest'));
  return (canonical) => keyed(canonical, 'hex');
}
