import type { Log } from '#kit/log.ts';
import { createListener, type Listener } from '#kit/postgres/listener.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import type { Role } from '#policy/roles.ts';
import type { GrantStore, GrantScope } from '#gateway/auth/grantedViewers.ts';

const inForce = statement(
  'gateway.grant.in_force',
  `select province, sector
   from gateway.grant
   where organisation = $1 and role = $2 and valid_from <= now() and (valid_to is null or valid_to > now())
   order by valid_from desc, id
   limit 100`,
);

const revoked = statement(
  'gateway.revoked_token.find',
  'select token_id from gateway.revoked_token where token_id = $1',
);

/** The channel on which every gateway learns that grants or revoked tokens have changed. */
export const GRANTS_CHANGED = 'credit_graph_grants';

/** A grant also ends by its own date, so nothing is cached for longer. */
const REMEMBER_MS = 1000;
const MAX_REMEMBERED = 50_000;

/**
 * Grants and revocations as they are now. They are cached for a second while notifications arrive, and every change
 * clears the cache. While the listening connection is down nothing is cached, so a lost connection costs only speed.
 */
export class ListeningGrantStore implements GrantStore, AsyncDisposable {
  readonly #pool: Pool;
  readonly #url: string;
  readonly #log: Log;
  readonly #remembered = new Map<string, { value: unknown; readonly until: number }>();
  #listener: Listener | null = null;
  #version = 0;

  constructor(pool: Pool, url: string, log: Log) {
    this.#pool = pool;
    this.#url = url;
    this.#log = log;
  }

  /** Begins to listen; resolves when the first attempt has succeeded or failed. */
  async listen(): Promise<void> {
    this.#listener ??= createListener({
      url: this.#url,
      channel: GRANTS_CHANGED,
      applicationName: 'gateway grants',
      onNotification: () => this.forget(),
      onConnected: () => this.forget(),
      onLost: () => this.forget(),
      lostMessage: 'the connection that hears of grants was lost; nothing of them is remembered',
      log: this.#log,
    });
    await this.#listener.tried;
  }

  scopes(organisation: string, role: Role): readonly GrantScope[] | Promise<readonly GrantScope[]> {
    return this.#remember(`${role} ${organisation}`, () =>
      query<{ province: string | null; sector: string | null }>(this.#pool, inForce, [organisation, role]),
    );
  }

  isRevoked(tokenId: string): boolean | Promise<boolean> {
    return this.#remember(`token ${tokenId}`, async () => (await query(this.#pool, revoked, [tokenId])).length > 0);
  }

  get version(): number | null {
    return this.#isListening() ? this.#version : null;
  }

  /** A change by this process is in effect at its next operation, before any notification arrives. */
  forget(): void {
    this.#remembered.clear();
    this.#version += 1;
  }

  #remember<Value>(key: string, find: () => Promise<Value>): Value | Promise<Value> {
    const at = performance.now();
    const known = this.#remembered.get(key);
    // the key decides the type of the value
    if (known && known.until > at) return known.value as Value | Promise<Value>;
    const found = find();
    if (this.#isListening()) {
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
      const entry: { value: unknown; readonly until: number } = { value: found, until: at + REMEMBER_MS };
      this.#remembered.set(key, entry);
      found.then(
        (value) => void (entry.value = value),
        () => this.#remembered.get(key) === entry && this.#remembered.delete(key),
      );
    }
    return found;
  }

  #isListening(): boolean {
    return this.#listener?.isConnected() === true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.[Symbol.asyncDispose]();
  }
}
