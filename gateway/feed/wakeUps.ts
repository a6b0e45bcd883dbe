import { createClient } from 'redis';
import { backOff } from '#kit/backOff.ts';
import type { Log } from '#kit/log.ts';
import { createListener } from '#kit/postgres/listener.ts';
import { FEED_CHANGED } from './numbering.ts';

// Hints that the log has new changes (docs/PROTOCOL.md P4). A hint may be lost, or carry a wrong number: a gateway that
// receives one reads the log, and without any it reads the log within a second.

export interface Wake extends AsyncDisposable {
  /** Called once: `onWake` receives the last number assigned, if a hint carries it, and null each second. */
  listen(onWake: (seq: bigint | null) => void): void;
  /** Notifies every gateway. It never fails: it resolves when the hint was sent, or was lost. */
  announce(seq: bigint): Promise<void>;
  /** Whether hints are received now. */
  connected(): boolean;
}

export interface WakeOptions {
  readonly databaseUrl: string;
  /** Null: LISTEN and NOTIFY, which the sequencer sends with each batch by itself. */
  readonly redisUrl: string | null;
  readonly log: Log;
}

/** The transport of hints. It begins at once, and reconnects by itself. */
interface Carrier extends AsyncDisposable {
  announce(seq: bigint): Promise<void>;
  connected(): boolean;
}

const POLL_MS = 1000;
const DEADLINE_MS = 5000;
const LONGEST_BACK_OFF_MS = 1000;
/** How often a silent connection must prove that it is alive. */
const PROBE_MS = 2000;

export function createWake({ databaseUrl, redisUrl, log }: WakeOptions): Wake {
  let carrier: Carrier | null = null;
  let poll: NodeJS.Timeout | undefined;
  return {
    listen(onWake) {
      if (carrier) throw new Error('createWake: listened to already');
      // An exception in a driver's event would end the process.
      const wake = (seq: bigint | null): void => {
        try {
          onWake(seq);
        } catch (error) {
          log.error({ err: error }, 'hearing of new changes failed');
        }
      };
      const hear = (text: string | null): void => wake(text !== null && /^\d{1,18}$/.test(text) ? BigInt(text) : null);
      carrier =
        redisUrl === null
          ? createNotificationCarrier(databaseUrl, hear, log)
          : createSubscriber(redisUrl, `${FEED_CHANGED}:${databaseOf(databaseUrl)}`, hear, log);
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

/** A Redis may serve several databases, and its channels are not separated. */
export const databaseOf = (url: string): string => /^[^?]*\/([^/?]*)/.exec(url)?.[1] ?? '';

function createNotificationCarrier(url: string, hear: (text: string | null) => void, log: Log): Carrier {
  const listener = createListener({
    url,
    channel: FEED_CHANGED,
    applicationName: 'gateway wake',
    onNotification: hear,
    onConnected: () => hear(null), // hints sent before were not received
    lostMessage: 'the connection that hears of new changes was lost; they are looked for each second',
    log,
  });
  return {
    announce: () => Promise.resolve(),
    connected: listener.isConnected,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

function createSubscriber(url: string, channel: string, hear: (text: string | null) => void, log: Log): Carrier {
  // No hint is queued for a Redis that is away: an old hint is worthless when it is back.
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 100,
    pingInterval: PROBE_MS,
    maintNotifications: 'disabled',
    name: 'credit-graph-wake',
    // Without an answer to its own pings a connection is closed; it is otherwise silent (see `announce`).
    socket: {
      connectTimeout: DEADLINE_MS,
      socketTimeout: DEADLINE_MS,
      reconnectStrategy: (failures) => backOff(failures, LONGEST_BACK_OFF_MS),
    },
  });
  let isSubscribed = false;
  let isDown = false;
  client.on('error', (error: Error) => {
    if (!isDown) log.warn({ err: error }, 'Redis was lost; new changes are looked for each second');
    isDown = true;
  });
  client.on('ready', () => {
    isDown = false;
    hear(null); // hints sent before were not received
    // After its first subscription the client resubscribes by itself.
    if (!isSubscribed)
      client
        .subscribe(channel, (message) => hear(message))
        .then(
          () => (isSubscribed = true),
          (error: Error) => log.warn({ err: error }, 'Redis cannot be listened to'),
        );
  });
  const connecting = client.connect().then(
    () => {},
    () => {}, // it was closed before it had connected
  );

  // One at a time, and then the latest: the queue never grows.
  let latest: bigint | null = null;
  let publishing: Promise<void> | null = null;
  const publish = async (): Promise<void> => {
    while (latest !== null) {
      const seq = latest;
      latest = null;
      try {
        await client.publish(channel, String(seq));
      } catch {
        // Lost, as hints may be; the `error` event has reported it.
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
