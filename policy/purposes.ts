import { ofEachRole, type Role } from './roles.ts';

/** The purposes of each role. docs/VISIBILITY.md prints this table. */
export const purposesByRole = ofEachRole(({ purposes }) => purposes);

/** Whether a role may read non-public data for a purpose, by its code. */
export const mayNamePurpose = (role: Role, code: string): boolean => purposesByRole[role].includes(code);

/** The part of docs/VISIBILITY.md about purposes. */
export function purposesByRoleList(): string {
  const lines = Object.entries(purposesByRole).map(
    ([role, codes]) => `- ${role}: ${codes.map((code) => `\`${code}\``).join(', ') || 'none'}`,
  );
  return [
    '## Who reads for what',
    '',
    'The purposes that a role may name, in its token and in `x-purpose` ' +
      '(policy/roles.ts; `purposes` says what each means).',
    '',
    ...lines,
    '',
  ].join('\n');
}
