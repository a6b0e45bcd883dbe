import { isSelfEmployed } from '#policy/bulk.ts';
import type { DataClass } from '#policy/matrix.ts';
import { maskName } from '#policy/masking.ts';
import { type Reach } from '#policy/scope.ts';
import { fieldOutcome } from '#policy/rows.ts';
import { clientError } from './errors.ts';
import type { SubgraphContext } from './context.ts';

const unauthorized = () => clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not see this field.');

/**
 * Requires that the viewer sees a class of data on a row.
 * @throws UNAUTHORIZED_FIELD_OR_TYPE when the row, itself visible, is out of the reach in which the viewer sees the
 * class
 */
export function requireShown({ viewer }: SubgraphContext, dataClass: DataClass, row: Reach): void {
  if (fieldOutcome(viewer, dataClass, row) !== 'SHOW') throw unauthorized();
}

/**
 * A value of a class that is decided row by row, for a row that is itself visible. The read is noted for the access
 * log.
 * @throws UNAUTHORIZED_FIELD_OR_TYPE when the row is out of the viewer's reach, whatever the value is
 */
export function visibleValue<Value>(
  context: SubgraphContext,
  dataClass: DataClass,
  row: Reach & { id?: string; version?: number },
  value: Value,
): Value {
  requireShown(context, dataClass, row);
  noteRead(context, dataClass, row);
  return value;
}

/** A natural person's name, whole or masked; null where the record names nobody. */
export function person(
  context: SubgraphContext,
  row: Reach,
  name: string | null,
): { name: string; masked: boolean } | null {
  if (name === null) return null;
  const masked = fieldOutcome(context.viewer, 'PERSON', row) !== 'SHOW';
  if (!masked) noteRead(context, 'PERSON', row);
  return { name: masked ? maskName(name) : name, masked };
}

/**
 * Notes the subject of an answer, found or not: only the code counts, since the count must not reveal which codes are
 * known. The gateway limits each caller to a number of self-employed businesses a day. The viewer's own code is not
 * counted.
 */
export function noteSubject({ viewer, selfEmployed }: SubgraphContext, uscc: string): void {
  if (isSelfEmployed(uscc) && uscc !== viewer.organisation) selfEmployed.add(uscc);
}

/** Notes that two sources contradict each other about a record of an answer. */
export function noteConflict({ disputed }: SubgraphContext, row: { uscc: string; fact_conflict: string | null }): void {
  if (row.fact_conflict !== null) disputed.set(row.fact_conflict, row.uscc);
}

/**
 * Notes a read of something that is not public. The access log is written from these notes once the operation is
 * answered.
 * @param row the entity's code and, for a read of one record, the record's id and version
 */
export function noteRead(
  context: SubgraphContext,
  dataClass: DataClass,
  row: { uscc: string; id?: string; version?: number },
): void {
  context.reads.push({
    uscc: row.uscc,
    dataClass,
    ...(row.id === undefined ? null : { record: row.id }),
    ...(row.version === undefined ? null : { version: row.version }),
  });
}
