import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createIssuer, type TestIssuer } from '#test/support/graph.ts';
import { RAISED_BUDGETS } from '#test/support/raisedBudgets.ts';

// What the gateways of both checkouts are started with: the environment of a production deployment, with the same keys.

export interface Deployment extends AsyncDisposable {
  readonly issuer: TestIssuer;
  /** @param databaseUrl the superuser's */
  environment(databaseUrl: string): Record<string, string>;
}

export async function openDeployment(): Promise<Deployment> {
  await using stack = new AsyncDisposableStack();
  const issuer = stack.use(await createIssuer());
  const keys = await readFile(join(issuer.dataDir, 'issuer/jwks.json'));
  const server = createServer((_, response) => void response.setHeader('content-type', 'application/json').end(keys));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  const newKey = (): string => `bench:${randomBytes(32).toString('base64')}`;
  const common = {
    NODE_ENV: 'production',
    LOG_LEVEL: 'error',
    DATA_DIR: issuer.dataDir,
    JWKS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`, // it listens at a port
    JWT_ISSUER: 'https://issuer.credit-graph.invalid',
    JWT_AUDIENCE: 'credit-graph',
    PASSPORT_KEYS: newKey(),
    CURSOR_KEYS: newKey(),
    DIGEST_KEYS: newKey(),
    BUDGETS: RAISED_BUDGETS,
    STREAMS_PER_TOKEN: '10000',
    STREAMS_PER_ORGANISATION: '10000',
    STREAMS_PER_ADDRESS: '10000',
    CONNECTIONS_PER_ADDRESS: '12000',
  };
  const owned = stack.move();
  return {
    issuer,
    environment: (databaseUrl) => ({ ...common, DATABASE_URL: databaseUrl }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
