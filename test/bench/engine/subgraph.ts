import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ExecutionResult, parse } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { serveBench } from '#test/bench/worker.ts';
import { stubSchema } from './stubs.ts';

// One stub subgraph as a process of its own, as lean as can be: both gateways ask the same one.

const name = JSON.parse(process.argv[2] ?? '') as string; // given by main.ts
const schema = stubSchema(name);
type Run = (
  root: unknown,
  context: unknown,
  variables: Record<string, unknown>,
) => Promise<ExecutionResult> | ExecutionResult;
const compiled = new Map<string, Run>();

function runOf(query: string, operationName: string | undefined): Run {
  let run = compiled.get(query);
  if (!run) {
    const made = compileQuery(schema, parse(query), operationName);
    if (!isCompiledQuery(made)) throw new Error(`${name} cannot compile ${query}`);
    compiled.set(query, (run = made.query));
  }
  return run;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void (async () => {
      const { query, variables, operationName } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
        query: string;
        variables?: Record<string, unknown>;
        operationName?: string;
      };
      const bytes = Buffer.from(JSON.stringify(await runOf(query, operationName)({}, {}, variables ?? {})));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    })();
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => serveBench(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`));
