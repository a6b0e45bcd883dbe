import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify from 'fastify';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { serveBench } from '../worker.ts';

// The peer: `@apollo/gateway` as its documentation sets it up, in the same Apollo Server and fastify integration as ours.

const { supergraphFile } = JSON.parse(process.argv[2] ?? '') as { supergraphFile: string }; // given by main.ts
const server = new ApolloServer({
  gateway: new ApolloGateway({
    supergraphSdl: await readFile(supergraphFile, 'utf8'),
    buildService: ({ url }) => new RemoteGraphQLDataSource({ url }),
  }),
  persistedQueries: false,
  stopOnTerminationSignals: false,
});
await server.start();
const app = Fastify({ logger: false });
app.route({ url: '/graphql', method: ['GET', 'POST'], handler: fastifyApolloHandler(server) });
await app.listen({ host: '127.0.0.1', port: 0 });
serveBench(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/graphql`);
