import { purposesByRole } from '#policy/purposes.ts';
import type { Role } from '#policy/roles.ts';

/** What a role may read for, as its token in tests says. */
export const purposesOf = (role: Role): readonly string[] => purposesByRole[role];

const standard = (purposes: readonly string[]): string | null =>
  purposes.includes('SUPERVISION') ? 'SUPERVISION' : (purposes[0] ?? null);

/** The default purpose of a test: SUPERVISION for roles that may name it, else the role's first, if it has any. */
export const purposeFor = (role: Role): string | null => standard(purposesByRole[role]);

/** The same of a token that is at hand; null for what is none. */
export function purposeIn(token: string): string | null {
  try {
    const { purposes } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      purposes?: unknown;
    };
    return Array.isArray(purposes) ? standard(purposes as string[]) : null;
  } catch {
    return null;
  }
}
