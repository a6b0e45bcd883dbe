import Fastify from 'fastify';
import { createExplorer } from './explorer.ts';
import type { ExplorerOptions } from './explorer.ts';

async function serve(options: Partial<ExplorerOptions> = {}) {
  const app = Fastify();
  await app.register(await createExplorer({ savedQueries: [], ...options }));
  return app;
}

const assetAddresses = (html: string) =>
  [...html.matchAll(/(?:src|href)="(\.[^"]+)"/g)].map((match) => match[1]!.slice(1));

test('the page names only files of this server, and each of them is there to be kept for ever', async () => {
  await using app = await serve();
  const page = await app.inject('/explorer');
  expect(page.statusCode).toBe(200);
  expect(page.body).not.toMatch(/(?:src|href)="(?!\.\/explorer\/assets\/|data:,)/);

  const assets = await Promise.all(assetAddresses(page.body).map((address) => app.inject(address)));
  expect(
    assets.map(({ statusCode, headers }) => [statusCode, headers['content-type'], headers['cache-control']]),
  ).toEqual([
    ...Array.from({ length: 3 }, () => [200, 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable']),
    [200, 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
    [200, 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    [200, 'text/css; charset=utf-8', 'public, max-age=31536000, immutable'],
  ]);
});

test('the content policy admits this server alone, and nothing inline', async () => {
  await using app = await serve();
  const policy = (await app.inject('/explorer')).headers['content-security-policy'];
  expect(policy).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src data:; img-src data:; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
});

test('no other file can be had through the asset address', async () => {
  await using app = await serve();
  for (const file of [
    'explorer.ts',
    'page.js',
    'package.json',
    '..%2Fexplorer.ts',
    '%2e%2e%2f%2e%2e%2fpackage.json',
    '',
  ]) {
    expect([file, (await app.inject(`/explorer/assets/${file}`)).statusCode]).toEqual([file, 404]);
  }
});

test('without development tokens the route for them does not exist', async () => {
  await using app = await serve();
  expect((await app.inject('/explorer/tokens.json')).statusCode).toBe(404);
});

test('development tokens are made for each reading and never kept by the browser', async () => {
  let readings = 0;
  await using app = await serve({
    tokens: async () => [
      { role: 'PUBLIC', token: null },
      { role: 'ASSESSOR', token: `token ${++readings}` },
    ],
  });
  await app.inject('/explorer/tokens.json');
  const second = await app.inject('/explorer/tokens.json');
  expect(second.json()).toEqual([
    { role: 'PUBLIC', token: null },
    { role: 'ASSESSOR', token: 'token 2' },
  ]);
  expect(second.headers['cache-control']).toBe('no-store');
  expect((await app.inject('/explorer')).body).not.toContain('token 2');
});

test('a saved query cannot end the element that carries it', async () => {
  const savedQueries = [{ name: '</script><script>alert(1)</script>', query: '{ __typename }' }];
  await using app = await serve({ savedQueries });
  const { body } = await app.inject('/explorer');
  const settings = /<script id="settings" type="application\/json">(.*?)<\/script>/s.exec(body)?.[1];
  expect(JSON.parse(settings ?? '')).toEqual({ savedQueries, hasTokens: false });
});
