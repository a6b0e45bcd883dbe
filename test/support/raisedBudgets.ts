import { roles } from '#policy/viewer.ts';

/** BUDGETS for whoever asks more as one caller than one caller does: benchmarks and load. They are counted all the same. */
export const RAISED_BUDGETS = roles.map((role) => `${role}=2000000000/60`).join(',');
