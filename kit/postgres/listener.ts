import type pg from 'pg';
import { backOff } from '#kit/backOff.ts';
import type { Log } from '#kit/log.ts';
import { clientFor } from './reachability.ts';

/** A connection that receives the notifications of one channel. It reconnects by itself whenever it is lost. */
export interface Listener extends AsyncDisposable {
  isConnected(): boolean;
  /** Resolves when the first attempt has succeeded or failed. */
  readonly tried: Promise<void>;
}

export interface ListenerOptions {
  readonly url: string;
  readonly channel: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly onNotification: (payload: string) => void;
  /** From now on all notifications arrive; earlier ones may have been missed. */
  readonly onConnected: () => void;
  /** From now on no notification arrives. */
  readonly onLost?: () => void;
  /** The consequence of the loss, for the log: written once for each outage. */
  readonly lostMessage: string;
  readonly log: Log;
}

const DEADLINE_MS = 5000;
const LONGEST_BACK_OFF_MS = 1000;
/** How often a silent connection is probed: a network that was cut reports nothing, for hours. */
const PROBE_MS = 2000;

/**
 * Creates a listener and begins to connect it, without waiting. It probes a silent connection every 2 s and reconnects
 * with a back-off of up to a second, until it is disposed.
 */
export function createListener(options: ListenerOptions): Listener {
  const { url, channel, log } = options;
  const Client = clientFor(url);
  let listening: pg.Client | null = null;
  let retry: NodeJS.Timeout | undefined;
  let probe: NodeJS.Timeout | undefined;
  let failures = 0;
  let lostAt = 0;
  let isClosed = false;

  const connect = async (): Promise<void> => {
    const client = new Client({
      connectionString: url,
      application_name: options.applicationName,
      connectionTimeoutMillis: DEADLINE_MS,
      query_timeout: DEADLINE_MS,
      keepAlive: true,
    });
    let isLost = false;
    // A connection ends with an error, with `end`, with a failed statement, or with all of them: it counts as lost
    // once.
    const lose = (error: Error | null): void => {
      if (isLost) return;
      isLost = true;
      clearInterval(probe);
      client.end().catch(() => {});
      if (listening === client) {
        listening = null;
        options.onLost?.();
      }
      if (isClosed) return;
      if (failures === 0) {
        lostAt = performance.now();
        log.warn({ err: error }, options.lostMessage);
      }
      retry = setTimeout(() => (connecting = connect()), backOff(failures, LONGEST_BACK_OFF_MS));
      failures += 1;
    };
    client.on('error', lose);
    client.on('end', () => lose(null));
    client.on('notification', ({ payload }) => options.onNotification(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      return lose(error as Error);
    }
    if (isClosed || isLost) return lose(null);
    listening = client;
    if (failures > 0)
      log.info(
        { channel, tries: failures, seconds: Math.round((performance.now() - lostAt) / 1000) },
        'a lost connection is back',
      );
    failures = 0;
    probe = setInterval(() => client.query('select').catch(lose), PROBE_MS);
    options.onConnected();
  };
  let connecting = connect();

  return {
    tried: connecting,
    isConnected: () => listening !== null,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(retry);
      clearInterval(probe);
      await connecting;
      await listening?.end();
    },
  };
}
