import { createCursorSealer } from './cursor.ts';
import type { KeyRing } from './keys.ts';

const ring: KeyRing = [{ id: 'a', secret: Buffer.alloc(32, 1) }];
const rotated: KeyRing = [{ id: 'b', secret: Buffer.alloc(32, 2) }, ...ring];
const sealer = createCursorSealer(ring);

const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return (error as { extensions?: { code?: string } }).extensions?.code;
  }
};

test('a cursor gives back the position it was made for, and says nothing in itself', () => {
  const cursor = sealer.seal('acts 914403001922038216', ['2026-01-02', '罚款']);
  expect(sealer.open('acts 914403001922038216', cursor)).toEqual(['2026-01-02', '罚款']);
  expect(Buffer.from(cursor.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain('2026');
});

test('the same position gives the same cursor, so that answers can be compared byte by byte', () => {
  expect(sealer.seal('s', ['1'])).toBe(sealer.seal('s', ['1']));
  expect(sealer.seal('s', ['1'])).not.toBe(sealer.seal('t', ['1']));
});

test('a cursor for another field, filter or viewer is refused', () => {
  expect(codeOf(() => sealer.open('entries', sealer.seal('acts', ['1'])))).toBe('BAD_CURSOR');
});

test('a list’s cursors are its own, by field, question and rights of the viewer; without `after` it begins', () => {
  const mine = sealer.pager('Query.acts', ['914403001922038216', null], { grant: 'g' });
  const cursor = mine.cursorOf('2026-01-02', '罚款');
  expect([mine.position(cursor), mine.position(null), mine.position(undefined)]).toEqual([
    ['2026-01-02', '罚款'],
    null,
    null,
  ]);
  for (const other of [
    sealer.pager('Query.entries', ['914403001922038216', null], { grant: 'g' }),
    sealer.pager('Query.acts', ['914403001922038216', 'FINE'], { grant: 'g' }),
    sealer.pager('Query.acts', ['914403001922038216'], { grant: 'g' }),
    sealer.pager('Query.acts', ['914403001922038216', null], { grant: 'h' }),
  ])
    expect(codeOf(() => other.position(cursor))).toBe('BAD_CURSOR');
  expect(codeOf(() => mine.position(''))).toBe('BAD_CURSOR');
});

test('an edited cursor is refused at every character', () => {
  const cursor = sealer.seal('s', ['1']);
  for (let at = 2; at < cursor.length; at += 1) {
    const other = cursor[at] === 'A' ? 'B' : 'A';
    expect(codeOf(() => sealer.open('s', `${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`))).toBe('BAD_CURSOR');
  }
  for (const nonsense of ['', '.', 'a.', 'x', 'a.AAAA', `${cursor}A`, 'a'.repeat(5000)])
    expect(codeOf(() => sealer.open('s', nonsense))).toBe('BAD_CURSOR');
});

test('a cursor with bytes appended is refused, whatever they decrypt to', () => {
  const [id, text = ''] = sealer.seal('s', ['1']).split('.');
  for (let byte = 0; byte < 256; byte += 1) {
    const longer = Buffer.concat([Buffer.from(text, 'base64url'), Buffer.of(byte)]).toString('base64url');
    expect(codeOf(() => sealer.open('s', `${id}.${longer}`))).toBe('BAD_CURSOR');
  }
});

test('after a rotation old cursors still open and new ones are made with the new key', () => {
  const after = createCursorSealer(rotated);
  expect(after.open('s', sealer.seal('s', ['1']))).toEqual(['1']);
  expect(after.seal('s', ['1']).startsWith('b.')).toBe(true);
  expect(codeOf(() => sealer.open('s', after.seal('s', ['1'])))).toBe('BAD_CURSOR');
});
