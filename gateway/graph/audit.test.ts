import type { write } from 'node:fs';
import { createLog } from '#kit/log.ts';
import { createLineWriter } from '#kit/lineWriter.ts';
import { keptLog } from '#test/support/logs.ts';
import { type AccessEntry, createLogSink, watchAccessLog } from './audit.ts';

// The access log as lines of the process's own log, whose destination fails and recovers. The responses meanwhile are
// in test/graph/gateway/accessLog.test.ts, and test/e2e/faults/log.test.ts has a real process whose log is on a device
// that accepts nothing.

const entry: AccessEntry = {
  at: '2026-11-29T08:00:00.000Z',
  viewer: { role: 'NATIONAL_CENTRE', organisation: '91110105MA0EEE1197', purpose: 'SUPERVISION', tokenId: 't1' },
  operationName: null,
  reads: [],
};

/** A descriptor that accepts nothing while it is full. */
function createDevice() {
  const device = { isFull: false, text: '' };
  const writeTo = ((
    _fd: number,
    bytes: Buffer,
    _from: number,
    _length: number,
    _position: null,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ) =>
    setImmediate(() => {
      if (device.isFull) return done(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }), 0);
      device.text += bytes.toString('utf8');
      done(null, bytes.length);
    })) as unknown as typeof write;
  return { device, writer: createLineWriter(2, { writeTo }) };
}

test('an entry is out when it is said to be, whatever the level of the log', async () => {
  const { device, writer } = createDevice();
  await createLogSink(createLog('gateway', 'silent', writer))(entry);
  expect(JSON.parse(device.text)).toMatchObject({
    level: 30,
    name: 'gateway',
    access: entry,
    msg: 'non-public data read',
  });
});

test('while the destination takes nothing each entry is refused and counted, and one log line reports it', async () => {
  const { device, writer } = createDevice();
  const { log, lines } = keptLog();
  const access = watchAccessLog(createLogSink(createLog('gateway', 'info', writer)), log);
  device.isFull = true;
  for (let index = 0; index < 3; index += 1)
    await expect(access.sink(entry)).rejects.toMatchObject({ name: 'LinesLost' });
  expect([device.text, access.state()]).toEqual(['', { refused: 3, isFailing: true }]);
  device.isFull = false;
  await access.sink(entry);
  expect(access.state()).toEqual({ refused: 3, isFailing: false });
  expect(device.text.trimEnd().split('\n')).toHaveLength(1);
  expect(lines()[0]).toMatchObject({
    level: 'error',
    msg: 'the access log could not be written, so what is not public is not given',
    err: { message: 'lines of the log could not be written: no space left on device' },
  });
  expect(lines('the access log could not')).toHaveLength(1);
});
