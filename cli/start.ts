import { join } from 'node:path';
import { loadDemo } from './demo.ts';
import { Failure } from './failure.ts';
import { keepGateway } from './gatewayProcess.ts';
import { type Issuer, openIssuer, replaceFile } from './issuer.ts';
import { createProgress } from './progress.ts';
import type { Settings } from './settings.ts';
import { type RoleToken, roleTokens, welcome } from './welcome.ts';

export interface StartOptions {
  /** The number of entities of the demo, its organisations included. */
  readonly entities: number;
  readonly seed: number;
  readonly demo: boolean;
}

const RENEW_MS = 30 * 60_000;

/**
 * Runs the gateway with its demo until SIGINT, SIGTERM or SIGHUP, and then leaves nothing running that it started. It
 * restarts a gateway that dies, and prints that.
 * @throws Failure when the gateway cannot start, or dies again and again
 */
export async function start(settings: Settings, options: StartOptions): Promise<void> {
  if (settings.production)
    throw new Failure('`start` is for development: it makes tokens of its own.', {
      advice: 'In production run `node gateway/main.ts`.',
    });
  const delivered = new AbortController();
  // One Ctrl-C may arrive more than once: from the terminal, and from npm, which passes it on. The first one counts.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => delivered.abort());
  const stopped = new Promise<void>((resolve) =>
    delivered.signal.addEventListener('abort', () => resolve(), { once: true }),
  );

  // Where JWKS_URL names another issuer, the gateway would refuse the development issuer's tokens, and so the demo.
  const issuer = settings.foreignIssuer ? null : await openIssuer(settings);
  await using renewal = issuer ? await renewTokens(settings.dataDir, issuer) : null;
  process.stderr.write('Starting the gateway …\n');
  try {
    await using gateway = await keepGateway(
      settings,
      delivered.signal,
      (line) => void process.stderr.write(`${line}\n`),
    );
    const running = welcomed(settings, options, issuer, renewal?.first ?? [], gateway.url, delivered.signal).then(
      () => stopped,
    );
    running.catch(() => {}); // after Ctrl-C nobody waits for it
    await Promise.race([running, gateway.over, stopped]);
    process.stderr.write('\nStopping …\n');
  } catch (error) {
    if (!delivered.signal.aborted) throw error;
  }
}

async function welcomed(
  settings: Settings,
  options: StartOptions,
  issuer: Issuer | null,
  tokens: readonly RoleToken[],
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const data: string[] = [];
  if (issuer && options.demo) {
    const state = await loadDemo({
      ...options,
      url,
      dataDir: settings.dataDir,
      issuer,
      signal,
      progress: createProgress,
      say: (line) => data.push(line),
    });
    if (state === 'there') data.push('what was there is kept');
  }
  process.stdout.write(welcome({ url, data, tokens }));
}

/** Writes `DATA_DIR/issuer/tokens.json`, which the explorer shows: a token for each role, renewed before it expires. */
async function renewTokens(dataDir: string, issuer: Issuer): Promise<AsyncDisposable & { first: RoleToken[] }> {
  const file = join(dataDir, 'issuer', 'tokens.json');
  const write = async (): Promise<RoleToken[]> => {
    const tokens = roleTokens(issuer);
    await replaceFile(file, `${JSON.stringify(tokens, null, 2)}\n`);
    return tokens;
  };
  const first = await write();
  const timer = setInterval(
    () =>
      void write().catch((error: unknown) =>
        process.stderr.write(`The explorer's tokens were not renewed: ${String(error)}\n`),
      ),
    RENEW_MS,
  );
  return {
    first,
    [Symbol.asyncDispose]: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
