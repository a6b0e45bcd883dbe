import { GraphQLError } from 'graphql';
import { clientError } from './errors.ts';
import { explained, faultError, faultOf } from './faults.ts';

const withCode = (code: string, rest: object = {}): Error =>
  Object.assign(new Error('host 10.0.0.7: secret'), { code, ...rest });
const codeOf = (error: unknown): string | null => faultOf(error)?.code ?? null;

test.each([
  ['57P01 the backend was ended', withCode('57P01')],
  ['57P02 another backend crashed', withCode('57P02')],
  ['57P03 the server starts', withCode('57P03')],
  ['08006 the connection failed', withCode('08006')],
  ['53300 too many connections', withCode('53300')],
  ['53200 out of memory', withCode('53200')],
  ['53100 the disk is full', withCode('53100')],
  ['25006 only reads', withCode('25006')],
  ['40001 serialization', withCode('40001')],
  ['40P01 deadlock', withCode('40P01')],
  ['58030 the server cannot write its files', withCode('58030')],
  ['28P01 a password that is not taken any more', withCode('28P01')],
  ['a connection that was reset', withCode('ECONNRESET', { syscall: 'read' })],
  ['a connection that is refused', withCode('ECONNREFUSED', { syscall: 'connect' })],
  ['a socket file that is not there', withCode('ENOENT', { syscall: 'connect' })],
  ['a broken pipe', withCode('EPIPE')],
  ['a full disk', withCode('ENOSPC')],
  ['no file descriptor left', withCode('EMFILE')],
  ['both addresses of a name', Object.assign(new AggregateError([withCode('ECONNREFUSED')]), {})],
  [
    'undici: a body shorter than was said',
    Object.assign(new Error('Response body length does not match content-length header'), {
      code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
    }),
  ],
  [
    'undici: what is no HTTP',
    Object.assign(new Error('Response does not match the HTTP/1.1 protocol'), {
      name: 'HTTPParserError',
      code: 'HPE_INVALID_STATUS',
    }),
  ],
  ['pg: lost', new Error('Connection terminated unexpectedly')],
  ['pg: closed', new Error('Client has encountered a connection error and is not queryable')],
  ['pg: no free connection in time', new Error('timeout exceeded when trying to connect')],
  ['Prisma: unreachable', withCode('P1001')],
  ['Prisma: closed', withCode('P1017')],
  ['Prisma: no free connection', withCode('P2024')],
  ['Prisma: conflict', withCode('P2034')],
  [
    'Prisma: a raw statement that its adapter failed',
    withCode('P2010', {
      meta: {
        driverAdapterError: Object.assign(new Error('adapter'), {
          cause: { kind: 'postgres', code: '57P01', originalCode: '57P01' },
        }),
      },
    }),
  ],
  ['Prisma: its adapter', Object.assign(new Error('DriverAdapterError'), { cause: { kind: 'TooManyConnections' } })],
])('%s is SUBGRAPH_UNAVAILABLE', (_, error) => expect(codeOf(error)).toBe('SUBGRAPH_UNAVAILABLE'));

test.each([
  ['57014 a statement that took too long', withCode('57014')],
  ['55P03 a lock that took too long', withCode('55P03')],
  ['25P03 a transaction that stood idle', withCode('25P03')],
  ['a server that no longer answers', new Error('Query read timeout')],
  ['Prisma: a transaction that took too long', withCode('P2028')],
  ['AbortSignal.timeout', new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
])('%s is DEADLINE', (_, error) => expect(codeOf(error)).toBe('DEADLINE'));

test.each([
  ['a constraint', withCode('23505')],
  ['a statement that does not parse', withCode('42601')],
  ['a right that is missing', withCode('42501')],
  ['a file that is not there', withCode('ENOENT', { syscall: 'open' })],
  ['a mistake of ours', new TypeError('undefined is not a function')],
  ['Prisma: a record that is not there', withCode('P2025')],
  ['a code that is five letters long by chance', withCode('OTHER')],
  ['a refusal', clientError('NOT_FOUND', 'not known here')],
  [
    'a refusal that was caused by a fault',
    new GraphQLError('refused', { extensions: { code: 'BAD_CURSOR' }, originalError: withCode('57P01') }),
  ],
  ['text', 'ECONNRESET'],
  ['nothing', null],
])('%s is no fault', (_, error) => expect(codeOf(error)).toBeNull());

test('a fault is found however it is wrapped, and an error that hangs on itself ends the search', () => {
  const deep = new Error('one', {
    cause: new GraphQLError('two', { originalError: Object.assign(new Error('three'), { cause: withCode('57P01') }) }),
  });
  expect(faultOf(deep)).toEqual({ kind: 'CONNECTION_LOST', code: 'SUBGRAPH_UNAVAILABLE', retryable: true });
  const circle = new Error('circle');
  circle.cause = circle;
  expect(faultOf(circle)).toBeNull();
});

test('the client receives a code, that it may try again, and nothing of what the database said', () => {
  const [lost, wrong] = explained([
    new GraphQLError('host 10.0.0.7: secret', { path: ['a', 0], originalError: withCode('57P01') }),
    new GraphQLError('a mistake', { path: ['b'], originalError: new TypeError('x') }),
  ]);
  expect(JSON.parse(JSON.stringify(lost))).toEqual({
    message: 'What keeps this is unavailable for now: ask again later.',
    path: ['a', 0],
    extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
  });
  expect(lost?.originalError?.message).toBe('host 10.0.0.7: secret'); // for the log
  expect(wrong?.extensions).toEqual({});
  expect(faultError({ kind: 'TIMEOUT', code: 'DEADLINE', retryable: true }).toJSON()).toEqual({
    message: 'This was not answered in time: ask again later.',
    extensions: { code: 'DEADLINE', retryable: true },
  });
});
