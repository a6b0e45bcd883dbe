import { roles } from '#policy/roles.ts';

/**
 * BUDGETS for one caller that sends the requests of many: benchmarks and load. They are counted all the same.
 */
export const RAISED_BUDGETS = roles.map((role) => `${role}=2000000000/60`).join(',');
