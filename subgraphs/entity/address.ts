import type { SubgraphContext } from '#kit/context.ts';
import { visibleValue } from '#kit/fields.ts';
import { isSelfEmployed } from '#policy/bulk.ts';
import { type Reach } from '#policy/scope.ts';
import { fieldOutcome } from '#policy/rows.ts';
import { districtLevelAddress } from '#standards/divisions.ts';
import type { ProfileRow } from './repository.ts';

export interface MaskedText {
  readonly text: string | null;
  readonly masked: boolean;
}

/** By kind or by code: either suffices to treat the entity as a natural person's business. */
const isNearlyPerson = ({ kind, uscc }: ProfileRow): boolean => kind === 'SELF_EMPLOYED' || isSelfEmployed(uscc);

/**
 * A registered address. Where the viewer's class outcome is MASK, the addresses of self-employed businesses are cut to
 * the district, because they are mostly homes. The address of an enterprise is published by law (企业信息公示暂行条例) and
 * returned whole.
 */
export function address(context: SubgraphContext, reach: Reach, row: ProfileRow): MaskedText | null {
  const { address: text = null, divisionCode = null } = row.content;
  if (text === null) return null;
  if (!isNearlyPerson(row)) return { text, masked: false };
  const outcome = fieldOutcome(context.viewer, 'ADDRESS', reach);
  if (outcome === 'MASK') return { text: districtLevelAddress(text, divisionCode), masked: true };
  return { text: visibleValue(context, 'ADDRESS', reach, text), masked: false };
}
