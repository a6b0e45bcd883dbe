import { delimiter, join } from 'node:path';
import { defineConfig } from 'prisma/config';
import { EMBEDDED_URL } from './prisma/tools/embeddedUrl.ts';

// For developers: npx prisma migrate dev|deploy|status|diff|resolve, generate, all of them offline.
// The gateway does not read this file: at boot it applies prisma/migrations by itself (kit/postgres/migrate.ts).

/* oxlint-disable no-process-env -- a tool of its own, and the only way to tell Prisma's CLI which engine to run */
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= join(import.meta.dirname, 'prisma/tools/schemaEngine.ts');
// That file starts with `env node`: the Node of this project must be the one that is found.
process.env['PATH'] = [join(import.meta.dirname, 'node_modules/.bin'), process.env['PATH']].join(delimiter);

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? EMBEDDED_URL },
});
