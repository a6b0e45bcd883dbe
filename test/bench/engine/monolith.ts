import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify from 'fastify';
import { serveBench } from '#test/bench/worker.ts';
import { monolithSchema } from './stubs.ts';

// One Apollo Server with every resolver in it: no federation, the same integration, the same data.

const server = new ApolloServer({
  schema: monolithSchema(await readFile(join(import.meta.dirname, '../../../docs/schema.graphql'), 'utf8')),
  persistedQueries: false,
  stopOnTerminationSignals: false,
});
await server.start();
const app = Fastify({ logger: false });
app.route({ url: '/graphql', method: ['GET', 'POST'], handler: fastifyApolloHandler(server) });
await app.listen({ host: '127.0.0.1', port: 0 });
serveBench(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/graphql`);
