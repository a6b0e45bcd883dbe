import type { Viewer } from '#policy/viewer.ts';

/** The two times of an operation; the gateway fixes both once and sends them to every subgraph (design §5). */
export interface Moment {
  /** Day in Asia/Shanghai. */
  readonly validAt: string;
  /** Sealed instant, ISO 8601 in UTC. */
  readonly knownAt: string;
}

/** One read of something that is not public, for the access log. The gateway writes it before it answers. */
export interface Read {
  readonly uscc: string;
  /** The record, where the read was of one. */
  readonly record?: string;
  readonly version?: number;
  readonly dataClass: string;
}

/** The first argument of every resolver and every repository function. Without a viewer nothing can be read. */
export interface SubgraphContext {
  readonly viewer: Viewer;
  readonly moment: Moment;
  /** Today in Asia/Shanghai by this subgraph's clock: rights are those of the moment of the request. */
  readonly today: string;
  readonly reads: Read[];
  /** Codes of self-employed businesses that the answer is about, which the gateway counts (see `noteSubject`). */
  readonly selfEmployed: Set<string>;
  /** Subjects of the disputed records that the answer is about, by the conflict (see `noteConflict`). */
  readonly disputed: Map<string, string>;
  readonly signal: AbortSignal;
}
