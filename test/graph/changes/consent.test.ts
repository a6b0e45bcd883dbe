import { randomUUID } from 'node:crypto';
import { organisationOf, startGraph, type TestGraph } from '#test/support/graph.ts';
import { list, numbered, pageOf } from '#test/support/listings.ts';
import { followByWebSocket } from '#test/support/streams.ts';

// docs/PROTOCOL.md, Consent: a bank receives restricted records while the subject consents, for the purpose it names;
// not longer.

let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph();
});
afterAll(() => graph[Symbol.asyncDispose]());

const subject = organisationOf('SUBJECT').organisation;
const bank = organisationOf('FINANCIAL_INSTITUTION').organisation;
const purpose = 'CREDIT_GRANTING';
const FIELDS = '__typename ... on NameListChange { kind reason version cursor subject { uscc } entry { grounds } }';
const STREAM = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${FIELDS} } }`;
const PAGE = `{ nameListChanges(filter: {}, first: 100) { endCursor hasMore events { ${FIELDS} } } }`;
const delivered = (kind: string, version: number | null, grounds: string | null, reason: string | null = null) => ({
  __typename: 'NameListChange',
  kind,
  reason,
  version,
  cursor: expect.any(String),
  subject: { uscc: subject },
  entry: grounds === null ? null : { grounds },
});
const restricted = { uscc: subject, level: '授权查询' } as const;

async function mutate(name: 'giveConsent' | 'revokeConsent', input: Record<string, unknown>): Promise<string> {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const { body, text } = await graph.query(
    'SUBJECT',
    `mutation ($input: ${type}!) {
      ${name}(input: $input) {
        ... on ${name === 'giveConsent' ? 'ConsentGiven' : 'ConsentRevoked'} { consent { id } }
      }
    }`,
    { input: { idempotencyKey: randomUUID(), ...input } },
  );
  const { consent } = (body.data?.[name] ?? {}) as { consent?: { id: string } };
  if (!consent) throw new Error(text);
  return consent.id;
}

test('given, it shows in the next event; revoked, the next event takes the record away', async () => {
  await using stream = await followByWebSocket(graph.url, graph.tokenOf('FINANCIAL_INSTITUTION'), STREAM, { purpose });
  await using other = await followByWebSocket(graph.url, graph.tokenOf('FINANCIAL_INSTITUTION'), STREAM, {
    purpose: 'POST_LOAN',
  });
  await using open = await followByWebSocket(graph.url, null, STREAM);
  await Promise.all([stream.next(), other.next(), open.next()]);
  await list(graph, restricted);
  await numbered(graph);
  const id = await mutate('giveConsent', {
    grantee: bank,
    purpose,
    until: new Date(Date.now() + 20 * 86_400_000).toISOString(),
  });
  await list(graph, { ...restricted, grounds: '更正一' });
  expect((await stream.event()).data).toEqual({ nameListChanges: delivered('CORRECTED', 2, '更正一') });
  await mutate('revokeConsent', { id });
  await list(graph, { ...restricted, grounds: '更正二' });
  expect((await stream.event()).data).toEqual({ nameListChanges: delivered('REMOVED', null, null, 'MOVED') });
  // Published at the end: the first that the others hear of it.
  await list(graph, { uscc: subject, grounds: '公开' });
  for (const each of [stream, other, open])
    expect((await each.event()).data).toEqual({ nameListChanges: delivered('CORRECTED', 4, '公开') });
  // By a page from the beginning: the versions before were never published, and are not now that the record is.
  const { events } = pageOf(await graph.query('PUBLIC', PAGE));
  expect(events).toEqual([delivered('CORRECTED', 4, '公开')]);
});
