import pg from 'pg';
import { backOff } from '#kit/backOff.ts';
import { createBreaker } from '#kit/breaker.ts';
import { faultOf } from '#kit/faults.ts';

// Connecting to a server that is away. Every pool and listener of this process would try by itself, again and again,
// and all of them at once when the server is back. They therefore share one breaker for each server: one tries, at
// growing intervals, and the others are refused at once.

/** No connection was tried: the last attempts failed, and another caller is probing whether the server is back. */
export class DatabaseUnreachable extends Error {
  override name = 'DatabaseUnreachable';
  constructor() {
    super('The database could not be reached a moment ago; it was not tried again yet');
  }
}

export interface Reachability {
  /** Connections tried since this process began, including those that failed. */
  readonly attempts: number;
  readonly failed: number;
  isReachable(): boolean;
}

interface Gate extends Reachability {
  attempts: number;
  failed: number;
  /** @throws DatabaseUnreachable */
  enter(): (error: unknown) => void;
}

const LONGEST_BACK_OFF_MS = 1000;
const gates = new Map<string, Gate>(); // as many as there are databases

function gateOf(url: string): Gate {
  let gate = gates.get(url);
  if (!gate) {
    const breaker = createBreaker({
      failures: 1,
      openMs: (opened) => backOff(opened, LONGEST_BACK_OFF_MS),
      refusal: () => new DatabaseUnreachable(),
    });
    const fresh: Gate = {
      attempts: 0,
      failed: 0,
      isReachable: () => !breaker.isOpen(),
      enter() {
        const leave = breaker.enter();
        fresh.attempts += 1;
        return (error) => {
          if (error) fresh.failed += 1;
          // A server that refused for another reason than that it cannot take connections now is there.
          leave(error && faultOf(error) ? 'failed' : 'answered');
        };
      },
    };
    gates.set(url, (gate = fresh));
  }
  return gate;
}

/**
 * The state of this process's connections to a database.
 * @param url as the pools received it
 */
export const reachabilityOf = (url: string): Reachability => gateOf(url);

type Connected = (error: Error | null, client?: pg.Client) => void;

/** `pg`'s client for one server: it connects when the server's breaker lets it. */
export function clientFor(url: string): typeof pg.Client {
  const gate = gateOf(url);
  return class extends pg.Client {
    override connect(): Promise<pg.Client>;
    override connect(callback: Connected): void;
    override connect(callback?: Connected): Promise<pg.Client> | void {
      if (!callback)
        return new Promise((resolve, reject) => this.connect((error) => (error ? reject(error) : resolve(this))));
      let leave: (error: unknown) => void;
      try {
        leave = gate.enter();
      } catch (error) {
        process.nextTick(callback, error);
        return;
      }
      super.connect((error: Error | null) => {
        leave(error);
        callback(error, this);
      });
    }
  };
}
