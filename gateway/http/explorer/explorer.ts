import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { isFromThisMachine } from '#gateway/http/loopback.ts';

export interface SavedQuery {
  name: string;
  query: string;
  variables?: Record<string, unknown>;
}

/** A development token for the explorer; `null` means no token, that is PUBLIC. */
export interface RoleToken {
  role: string;
  token: string | null;
}

export interface ExplorerOptions {
  savedQueries: SavedQuery[];
  /**
   * Called at each reading, so that a page left open gets fresh tokens. Left out (production): the route does not
   * exist.
   */
  tokens?: () => Promise<RoleToken[]>;
}

// Only these files of these packages are served. All are ready-made browser files: nothing is built, and GraphiQL 4 is
// the last major version that needs neither a bundler nor web workers (docs/adr/0007-explorer.md).
const packageFiles = [
  ['react', 'umd/react.production.min.js'],
  ['react-dom', 'umd/react-dom.production.min.js'],
  ['graphiql', 'graphiql.min.js'],
  ['graphiql', 'graphiql.min.css'],
] as const;
const ownFiles = ['page.js', 'page.css'] as const;

const contentTypes: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

// Everything comes from this server, nothing inline, no eval. `data:` is for the fonts and icons inside
// graphiql.min.css. GraphiQL's dialogs try to write a style element that locks scrolling; it is refused, which does no
// harm, since this page does not scroll.
const pageHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'font-src data:',
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
  'content-type': 'text/html; charset=utf-8',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * The explorer: GraphiQL over this gateway's own `/graphql`, from files on this machine alone.
 *
 * Returns a Fastify plugin that registers `GET /explorer`, `GET /explorer/assets/:file` and, when `tokens` is set, `GET
 * /explorer/tokens.json` (`[{ role, token }]`), which answers only requests from this machine. Set `tokens` in
 * development only: every user of the machine gets every token. Rejects when a file of the packages named above is
 * missing.
 */
export async function createExplorer(options: ExplorerOptions): Promise<(app: FastifyInstance) => Promise<void>> {
  const resolve = createRequire(import.meta.url).resolve;
  const paths = [
    ...packageFiles.map(([name, file]) => join(dirname(resolve(`${name}/package.json`)), file)),
    ...ownFiles.map((file) => join(import.meta.dirname, file)),
  ];
  // The content's digest is part of the name, so that a browser may keep a file for ever and still gets a new one at
  // once.
  const assets = new Map<string, { body: Buffer; contentType: string }>();
  for (const path of paths) {
    const body = await readFile(path);
    const digest = createHash('sha256').update(body).digest('hex').slice(0, 16);
    const contentType = contentTypes[extname(path)];
    if (!contentType) throw new Error(`The explorer has no content type for ${basename(path)}`);
    assets.set(`${digest}-${basename(path)}`, { body, contentType });
  }
  const page = renderPage([...assets.keys()], {
    savedQueries: options.savedQueries,
    hasTokens: options.tokens !== undefined,
  });

  return async (app) => {
    app.get('/explorer', async (_request, reply) => reply.headers(pageHeaders).send(page));

    app.get<{ Params: { file: string } }>('/explorer/assets/:file', async (request, reply) => {
      const asset = assets.get(request.params.file);
      if (!asset)
        return reply
          .code(404)
          .send({ errors: [{ message: 'The explorer has no such file.', extensions: { code: 'NOT_FOUND' } }] });
      return reply
        .headers({
          'cache-control': 'public, max-age=31536000, immutable',
          'content-type': asset.contentType,
          'cross-origin-resource-policy': 'same-origin',
          'x-content-type-options': 'nosniff',
        })
        .send(asset.body);
    });

    const { tokens } = options;
    if (!tokens) return;
    app.get('/explorer/tokens.json', async (request, reply) => {
      if (!isFromThisMachine(request.raw)) {
        const message =
          'Tokens for development are given to this machine alone, under its own name: ' +
          'open http://127.0.0.1 or http://localhost here.';
        return reply.code(403).send({ errors: [{ message, extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }] });
      }
      return reply
        .headers({ 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' })
        .send(await tokens());
    });
  };
}

function renderPage(assetNames: string[], settings: { savedQueries: SavedQuery[]; hasTokens: boolean }): string {
  // Addresses are relative, so that the gateway may run behind a path prefix.
  const tags = assetNames.map((name) =>
    name.endsWith('.css')
      ? `<link rel="stylesheet" href="./explorer/assets/${name}">`
      : `<script src="./explorer/assets/${name}" defer></script>`,
  );
  // `<` escaped: a saved query that contains `</script>` must not end the element.
  const json = JSON.stringify(settings).replaceAll('<', String.raw`\u003c`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Credit Graph explorer</title>
<link rel="icon" href="data:,">
${tags.join('\n')}
</head>
<body>
<div id="explorer">Loading…</div>
<noscript>The explorer needs JavaScript.</noscript>
<script id="settings" type="application/json">${json}</script>
</body>
</html>
`;
}
