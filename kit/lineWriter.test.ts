import type { write } from 'node:fs';
import { until } from '#test/support/until.ts';
import { createLineWriter } from './lineWriter.ts';

/** A disk that takes what it has room for and then fails with ENOSPC, as a device does. */
function createDisk(room = Number.POSITIVE_INFINITY, code = 'ENOSPC') {
  const disk = { text: '', room, code, tries: 0 };
  const writeTo = ((
    _fd: number,
    bytes: Buffer,
    _from: number,
    _length: number,
    _position: null,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ) => {
    disk.tries += 1;
    setImmediate(() => {
      if (disk.room <= 0) return done(Object.assign(new Error(disk.code), { code: disk.code }), 0);
      const taken = bytes.subarray(0, disk.room);
      disk.room -= taken.length;
      disk.text += taken.toString();
      done(null, taken.length);
    });
  }) as unknown as typeof write;
  return { disk, writeTo };
}
const flushed = (writer: ReturnType<typeof createLineWriter>): Promise<string> =>
  new Promise((resolve) => writer.flush((error) => resolve(error ? error.name : 'out')));

test('lines come out whole and in order, and the writer says when', async () => {
  const { disk, writeTo } = createDisk();
  const writer = createLineWriter(9, { writeTo });
  for (let index = 0; index < 1000; index += 1) writer.write(`line ${index}\n`);
  expect(await flushed(writer)).toBe('out');
  expect(disk.text).toBe(Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join(''));
  expect([writer.lost(), writer.isFailing()]).toEqual([0, false]);
});

test('lines of one turn of the event loop are one write, and all who wait for them continue at once', async () => {
  const { disk, writeTo } = createDisk();
  const writer = createLineWriter(9, { writeTo });
  const delivered: number[] = [];
  for (let index = 0; index < 30; index += 1) {
    writer.write(`line ${index}\n`);
    writer.flush(() => delivered.push(disk.tries));
  }
  expect([await flushed(writer), delivered]).toEqual(['out', Array(30).fill(1)]);
});

test('T7: a full disk loses and counts lines and is tried again; with room, lines are written again', async () => {
  const { disk, writeTo } = createDisk(0);
  const writer = createLineWriter(9, { writeTo });
  writer.write('lost\n');
  expect(await flushed(writer)).toBe('LinesLost');
  for (let index = 0; index < 1000; index += 1) writer.write('waits or is lost\n');
  expect(await flushed(writer)).toBe('LinesLost');
  expect(disk.tries).toBeLessThanOrEqual(3);
  expect(writer.isFailing()).toBe(true);
  disk.room = Number.POSITIVE_INFINITY;
  await until('it is healed', async () => {
    writer.write('there is room\n');
    return (await flushed(writer)) === 'out';
  });
  expect([disk.text.endsWith('there is room\n'), writer.isFailing(), writer.lost() >= 1001]).toEqual([
    true,
    false,
    true,
  ]);
});

test('a line that was cut off by the full disk does not spoil the next', async () => {
  const { disk, writeTo } = createDisk(5);
  const writer = createLineWriter(9, { writeTo });
  writer.write('cut off\n');
  expect(await flushed(writer)).toBe('LinesLost');
  disk.room = Number.POSITIVE_INFINITY;
  writer.write('whole\n');
  expect(await flushed(writer)).toBe('out');
  expect(disk.text).toBe('cut o\nwhole\n');
});

test('a pipe that is full for a moment loses nothing', async () => {
  const { disk, writeTo } = createDisk(0, 'EAGAIN');
  const writer = createLineWriter(9, { writeTo });
  writer.write('waits\n');
  await until('it was tried', () => disk.tries > 0);
  disk.room = Number.POSITIVE_INFINITY;
  expect(await flushed(writer)).toBe('out');
  expect([disk.text, writer.lost()]).toEqual(['waits\n', 0]);
});

test('what waits is bounded: beyond that lines are lost, and a flush after such a line fails', async () => {
  const { disk, writeTo } = createDisk(0, 'EAGAIN');
  const writer = createLineWriter(9, { writeTo, maxBytes: 100 });
  for (let index = 0; index < 50; index += 1) writer.write('ten bytes\n');
  expect(await flushed(writer)).toBe('LinesLost');
  disk.room = Number.POSITIVE_INFINITY;
  await until('what waited is out', () => disk.text.length === 100);
  expect(writer.lost()).toBe(40);
});
