import { createClient } from 'redis';
import { backOff } from '#kit/backOff.ts';
import type { Log } from '#kit/log.ts';
import { createListener } from '#kit/postgres/listener.ts';
import { FEED_CHANGED } from './numbering.ts';

// Hints that there is something new in the log (docs/PROTOCOL.md P4). Each of them may be lost, or say a number that is wrong: whoever
// hears one looks, and whoever hears none looks within a second.

export interface Wake extends AsyncDisposable {
  /** Once: `onWake` hears the last number given, as far as a hint says it, and null each second. */
  listen(onWake: (seq: bigint | null) => void): void;
  /** Tells every gateway. Never fails: it resolves when the hint was sent, or was lost. */
  announce(seq: bigint): Promise<void>;
  /** Whether hints are heard now. */
  connected(): boolean;
}

export interface WakeOptions {
  readonly databaseUrl: string;
  /** Null: LISTEN and NOTIFY, which the sequencer does with each batch by itself. */
  readonly redisUrl: string | null;
  readonly log: Log;
}

/** What carries hints. It begins at once, and comes back by itself whenever it is lost. */
interface Carrier extends AsyncDisposable {
  announce(seq: bigint): Promise<void>;
  connected(): boolean;
}

const POLL_MS = 1000;
const DEADLINE_MS = 5000;
const LONGEST_BACK_OFF_MS = 1000;
/** How often a connection on which nothing is heard shows that it is one. */
const PROBE_MS = 2000;

export function createWake({ databaseUrl, redisUrl, log }: WakeOptions): Wake {
  let carrier: Carrier | null = null;
  let poll: NodeJS.Timeout | undefined;
  return {
    listen(onWake) {
      if (carrier) throw new Error('createWake: listened to already');
      // Thrown in a driver's event it would end the process.
      const wake = (seq: bigint | null): void => {
        try {
          onWake(seq);
        } catch (error) {
          log.error({ err: error }, 'hearing of new changes failed');
        }
      };
      const hear = (text: string | null): void => wake(text !== null && /^\d{1,18}$/.test(text) ? BigInt(text) : null);
      carrier = redisUrl === null ? createNotificationCarrier(databaseUrl, hear, log) : createSubscriber(redisUrl, `${FEED_CHANGED}:${databaseOf(databaseUrl)}`, hear, log);
      poll = setInterval(wake, POLL_MS, null);
    },
    announce: (seq) => carrier?.announce(seq) ?? Promise.resolve(),
    connected: () => carrier?.connected() ?? false,
    async [Symbol.asyncDispose]() {
      clearInterval(poll);
      await carrier?.[Symbol.asyncDispose]();
    },
  };
}

/** A Redis may serve several databases, and its channels know none. */
export const databaseOf = (url: string): string => /^[^?]*\/([^/?]*)/.exec(url)?.[1] ?? '';

function createNotificationCarrier(url: string, hear: (text: string | null) => void, log: Log): Carrier {
  const listener = createListener({
    url,
    channel: FEED_CHANGED,
    applicationName: 'gateway wake',
    onNotification: hear,
    onConnected: () => hear(null), // what was said before was not heard
    lostMessage: 'the connection that hears of new changes was lost; they are looked for each second',
    log,
  });
  return { announce: () => Promise.resolve(), connected: listener.isConnected, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

function createSubscriber(url: string, channel: string, hear: (text: string | null) => void, log: Log): Carrier {
  // Nothing is kept for a Redis that is away: a hint of then is worth nothing when it is back.
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 100,
    pingInterval: PROBE_MS,
    maintNotifications: 'disabled',
    name: 'credit-graph-wake',
    // Without an answer to its own pings a connection is closed; it says nothing else meanwhile (see `announce`).
    socket: { connectTimeout: DEADLINE_MS, socketTimeout: DEADLINE_MS, reconnectStrategy: (failures) => backOff(failures, LONGEST_BACK_OFF_MS) },
  });
  let isSubscribed = false;
  let isDown = false;
  client.on('error', (error: Error) => {
    if (!isDown) log.warn({ err: error }, 'Redis was lost; new changes are looked for each second');
    isDown = true;
  });
  client.on('ready', () => {
    isDown = false;
    hear(null); // what was said before was not heard
    // The client subscribes again by itself, once it has.
    if (!isSubscribed)
      client.subscribe(channel, (message) => hear(message)).then(
        () => (isSubscribed = true),
        (error: Error) => log.warn({ err: error }, 'Redis cannot be listened to'),
      );
  });
  const connecting = client.connect().then(
    () => {},
    () => {}, // it was closed before it had connected
  );

  // One at a time, and then the last: what waits for an answer never grows.
  let latest: bigint | null = null;
  let publishing: Promise<void> | null = null;
  const publish = async (): Promise<void> => {
    while (latest !== null) {
      const seq = latest;
      latest = null;
      try {
        await client.publish(channel, String(seq));
      } catch {
        // Lost, as hints may be; `error` has told of it.
      }
    }
    publishing = null;
  };

  return {
    announce(seq) {
      latest = seq;
      publishing ??= publish();
      return publishing;
    },
    connected: () => client.isReady && isSubscribed,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await connecting;
    },
  };
}
