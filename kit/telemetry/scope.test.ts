import {
  closeScope,
  currentScope,
  endTrace,
  failureOf,
  inScope,
  inSpan,
  noAttributes,
  openScope,
  requestIdOf,
  scopeHeaders,
  type Span,
  traceparentIn,
} from './scope.ts';

/** Spans that record what happens to them. */
function recording(stated: string[], name = 'root'): Span {
  const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
  return {
    traceId: '1'.repeat(32),
    traceparent,
    set() {},
    child: (child) => (stated.push(`${name} > ${child}`), recording(stated, child)),
    end: (failure) => void stated.push(`${name} ends${failure === undefined ? '' : `: ${failure}`}`),
  };
}

test.each([
  'abc',
  'req-1234',
  '550e8400-e29b-41d4-a716-446655440000',
  '0af7651916cd43dd8448eb211c80319c',
  'Root=1-67891233-abcdef012345678912345678',
  'a/b:c+d=',
  'x'.repeat(128),
])('%s is kept as an id', (id) => {
  expect(requestIdOf(id)).toBe(id);
});

test.each([
  undefined,
  '',
  ' ',
  'a b',
  'a\nb',
  'a"b',
  '张三',
  'x'.repeat(129),
  '-a',
  'a,b',
  '{"a":1}',
  'a@example.org',
  '<script>',
  'a\u0000',
  '13800001111',
  '330106199001011234',
  '33010619900101123X',
  '91330106MA27X00000',
])('%j is no id, or one of somebody: there is a new one', (given) => {
  expect(requestIdOf(given)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test.each([
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', true],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', true],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', false],
  ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', false],
  ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
  ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', false],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x', false],
  ['', false],
])('%s is a traceparent: %s', (traceparent, is) => {
  expect(traceparentIn({ traceparent })).toBe(is ? traceparent : null);
});

test('steps hang from one another across what is awaited, and each says how it ended', async () => {
  const stated: string[] = [];
  const scope = openScope('r', recording(stated));
  await inScope(scope, async () => {
    await inSpan('plan', 'INTERNAL', noAttributes, () => Promise.resolve());
    await inSpan('call', 'CLIENT', noAttributes, async () => {
      await new Promise(setImmediate);
      await expect(
        inSpan('query', 'CLIENT', noAttributes, () =>
          Promise.reject(Object.assign(new Error('secret'), { code: '57014' })),
        ),
      ).rejects.toThrow('secret');
    });
  });
  closeScope(scope);
  closeScope(scope);
  expect(stated).toEqual([
    'root > plan',
    'plan ends',
    'root > call',
    'call > query',
    'query ends: 57014',
    'call ends',
    'root ends',
  ]);
});

test('requests at once do not see one another, and what outlives a request is not of it', async () => {
  const seen = await Promise.all(
    ['a', 'b'].map((id) =>
      inScope(openScope(id, null), async () => {
        await new Promise(setImmediate);
        return [id, currentScope()?.requestId, scopeHeaders()];
      }),
    ),
  );
  expect(seen).toEqual([
    ['a', 'a', { 'x-request-id': 'a' }],
    ['b', 'b', { 'x-request-id': 'b' }],
  ]);
  const scope = openScope('c', null);
  const left = inScope(
    scope,
    () => new Promise((resolve) => void setImmediate(() => resolve([currentScope(), scopeHeaders()]))),
  );
  closeScope(scope);
  expect(await left).toEqual([undefined, {}]);
  expect(scopeHeaders()).toEqual({});
});

test('a stream that has begun is traced no further, and keeps its id', async () => {
  const stated: string[] = [];
  const scope = openScope('r', recording(stated));
  await inScope(scope, async () => {
    expect(scopeHeaders()).toEqual({ 'x-request-id': 'r', traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` });
    endTrace(scope);
    await inSpan('page', 'INTERNAL', noAttributes, () => Promise.resolve());
    expect(scopeHeaders()).toEqual({ 'x-request-id': 'r' });
  });
  expect(stated).toEqual(['root ends']);
});

test.each([
  [new TypeError('x'), 'TypeError'],
  [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'ECONNRESET'],
  [Object.assign(new Error('x'), { extensions: { code: 'DEADLINE' } }), 'DEADLINE'],
  [Object.assign(new Error('x'), { code: '张三 was here' }), 'Error'],
  ['13800001111', 'unknown'],
])('what failed is named by code or class: %p', (error, name) => {
  expect(failureOf(error)).toBe(name);
});
