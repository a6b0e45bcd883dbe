/** The limits of planning. */
export interface PlannerBounds {
  /** CPU time of one plan. The most expensive text within the limits takes 2 s, nearly all take 4 ms. */
  readonly cpuMs: number;
  /** Wall-clock time after which a silent process is ended: it was stopped, or hangs. */
  readonly silentMs: number;
  /** Texts that wait: of one caller, of all, and their bytes. */
  readonly perCaller: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  /** How long a text is remembered as impossible to plan: the next release, or a less busy machine, may plan it. */
  readonly rememberedMs: number;
  /** How many such texts are remembered, 100 bytes each. */
  readonly remembered: number;
}

export const plannerBounds: PlannerBounds = {
  cpuMs: 5_000,
  silentMs: 15_000,
  perCaller: 16,
  waiting: 256,
  waitingBytes: 8 * 1024 * 1024,
  rememberedMs: 5 * 60_000,
  remembered: 10_000,
};
