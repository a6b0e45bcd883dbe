import { GraphQLError } from 'graphql';
import { createLog } from './log.ts';
import { closeScope, inScope, openScope, type Span } from './telemetry/scope.ts';

const lines: Record<string, unknown>[] = [];
const writer = {
  write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  flush() {},
  flushSync() {},
  lost: () => 0,
  isFailing: () => false,
};
const log = createLog('test', 'info', writer);
const last = (): Record<string, unknown> => lines.at(-1) ?? {};

test('a line names its request and its trace; a line of work left over from an ended request does not', () => {
  log.info('none');
  expect(last()).not.toHaveProperty('requestId');
  const span = { traceId: 'a'.repeat(32), end() {} } as unknown as Span;
  const scope = openScope('r1', span);
  inScope(scope, () => {
    log.info('within');
    expect(last()).toMatchObject({ requestId: 'r1', traceId: 'a'.repeat(32), msg: 'within' });
    closeScope(scope);
    log.info('after');
  });
  expect(last()).toMatchObject({ msg: 'after' });
  expect(last()).not.toHaveProperty('requestId');
});

test.each([
  ['what JSON cannot read', () => JSON.parse("canary13800001111 '$& '") as unknown],
  [
    'a data exception of the database',
    () => {
      throw Object.assign(new Error('invalid input syntax for type uuid: "13800001111canary"'), { code: '22P02' });
    },
  ],
  [
    'a variable that GraphQL refused',
    () => {
      throw new GraphQLError('Variable "$phone" got invalid value "canary"');
    },
  ],
  [
    'an error that another process answered',
    () => {
      throw { message: 'invalid input syntax for type uuid: "canary"', path: ['entity'] } as unknown as Error;
    },
  ],
])('of %s the value is left out, with what quotes it', (_, fail) => {
  try {
    fail();
  } catch (error) {
    log.error({ err: error }, 'failed');
  }
  expect(last()).toMatchObject({ msg: 'failed', err: { message: expect.stringContaining('…') } });
  expect(JSON.stringify(last())).not.toContain('canary');
});

test('any other error is whole', () => {
  log.error({ err: Object.assign(new Error('relation "x" does not exist'), { code: '42P01' }) }, 'failed');
  expect(last()['err']).toMatchObject({
    type: 'Error',
    message: 'relation "x" does not exist',
    code: '42P01',
    stack: expect.stringContaining('relation "x"'),
  });
});
