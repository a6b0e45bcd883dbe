/** Milliseconds of the machine's own clock: the same in all processes, and nobody sets it. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6;
