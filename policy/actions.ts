import { type DataClass, matrix } from './matrix.ts';
import type { Viewer } from './viewer.ts';

/**
 * Every action beyond reading, by the class that the matrix allows or denies. An action that is not listed here cannot
 * be performed.
 */
const actions = {
  'filing:create': 'FILE',
  'record:withdraw': 'FILE',
  'listing:decide': 'FILE',
  'grant:change': 'ADMIT',
  'token:revoke': 'ADMIT',
  'unit:register': 'REGISTER',
  'conflict:close': 'REGISTER',
  'rule:change': 'LEGISLATE',
  'information:declare': 'DECLARE',
  'consent:give': 'DECLARE',
  'changes:follow': 'FOLLOW',
  'document:publish': 'ADMIT',
  'metrics:read': 'ADMIT',
} satisfies Record<string, DataClass>;

export type Action = keyof typeof actions;

/** Whether the matrix allows the viewer's role an action. */
export const may = (viewer: Viewer, action: Action): boolean => matrix[viewer.role][actions[action]] === 'ALLOW';
