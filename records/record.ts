import { hash } from 'node:crypto';
import { createKeyedHash, deriveKey, type KeyRing } from '#kit/keys.ts';

/** What every table of records has, in the order of prisma/migrations. Each table adds its own columns. */
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
  /** The conflict of facts that is open about the record, under this version. */
  readonly fact_conflict: string | null;
  readonly valid_from: string;
  readonly valid_to: string | null;
  readonly recorded_at: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly additional_fields: Readonly<Record<string, string>> | null;
  /**
   * The two times for which it is returned, where they are not the operation's own; set by `recordRead`
   * (records/recordFields.ts).
   */
  at?: Times;
}

/** The two times of a request: a day in Asia/Shanghai and a sealed instant. */
export interface Times {
  readonly validAt: string;
  readonly knownAt: string;
}

/** The two times alone, without the other fields of their object. */
export const timesOf = ({ validAt, knownAt }: Times): Times => ({ validAt, knownAt });

/** The record columns that a read needs, as a select list over `alias`. */
export const recordColumns = (alias: string): string =>
  [
    'uscc',
    'record_id',
    'version',
    'digest',
    'source_unit',
    'source_unit_name',
    'source_record_id',
    'catalogue_code',
    'collected_at',
    'disclosure_level',
    'public_from',
    'public_until',
    'withdrawn_on',
    'province',
    'sector',
    'determining_unit',
    'under_objection',
    'fact_conflict',
    'valid_from',
    'valid_to',
    'recorded_at',
    'content',
    'additional_fields',
  ]
    .map((column) => `${alias}.${column}`)
    .join(', ');

/** SQL: a condition for the version believed at an instant, which is SQL of a timestamptz. */
export const believedAt = (alias: string, knownAt: string): string =>
  `${alias}.recorded_at <= ${knownAt} and ${alias}.superseded_at > ${knownAt}`;

/**
 * The withdrawal reason of a record that its source no longer has. The record comes back when it is filed again
 * (filing/newVersions.ts).
 */
export const NOT_IN_REPLACEMENT = 'NOT_IN_REPLACEMENT';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The id that a client sees. It is opaque and holds the code, so that any subgraph can look the record up by its shard
 * key.
 */
export const encodeId = (kind: string, uscc: string, recordId: string): string =>
  Buffer.from(`${kind}:${uscc}:${recordId}`).toString('base64url');

/** Decodes an id; null for anything that `encodeId` did not make. */
export function decodeId(id: string): { kind: string; uscc: string; recordId: string } | null {
  const [kind, uscc, recordId, ...rest] = Buffer.from(id, 'base64url').toString('utf8').split(':');
  return kind && uscc && recordId && rest.length === 0 && UUID.test(recordId) ? { kind, uscc, recordId } : null;
}

/**
 * A record's identity (a UUID) derived from its natural key, so that the same filing means the same record on any
 * server.
 */
export function recordIdOf(...naturalKey: readonly string[]): string {
  const hex = hash('sha256', naturalKey.join('\u001f'));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Creates the function that digests canonical text (HMAC-SHA-256, hexadecimal). Digests are keyed: with a plain hash, a
 * reader who guesses erased content could prove the guess.
 */
export function createDigester(ring: KeyRing): (canonical: string) => string {
  const keyed = createKeyedHash(deriveKey(ring[0], 'record digest'));
  return (canonical) => keyed(canonical, 'hex');
}

/**
 * The name of an unknown record in its NOT_FOUND: the same whether there is none, the viewer may not see it, or the id is
 * invalid.
 */
export const RECORD = 'This record';
