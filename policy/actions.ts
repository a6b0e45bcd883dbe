import type { Role, Viewer } from './viewer.ts';

/** Everything that can be done beyond reading, and who may. Default is nobody: an action is in this table or it is not done. */
const actions = {
  'filing:create': ['PROVINCIAL_PLATFORM', 'SECTOR_REGULATOR', 'DETERMINING_UNIT', 'NATIONAL_CENTRE'],
  'grant:change': ['OPERATOR'],
  'token:revoke': ['OPERATOR'],
} satisfies Record<string, readonly Role[]>;

export type Action = keyof typeof actions;

export const may = (viewer: Viewer, action: Action): boolean => (actions[action] as readonly Role[]).includes(viewer.role);
