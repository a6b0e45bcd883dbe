import { storageProblem } from './storageProblem.ts';

test.each([
  [{ code: 'EROFS', syscall: 'mkdir' }, 'lies on a file system that is mounted read-only'],
  [{ code: 'EACCES', syscall: 'open' }, 'may not be written by this user'],
  [{ code: 'ENOSPC', syscall: 'write' }, 'lies on a file system without any room left'],
  [{ code: 'ELOOP', syscall: 'mkdir' }, 'cannot be made or written (ELOOP)'],
])('%j is said in words', (system, words) => expect(storageProblem(Object.assign(new Error('x'), system))).toBe(words));

test('what a program said of a full disk is heard, and what is no matter of storage is not', () => {
  expect(storageProblem(new Error('initdb failed:\ncould not write: No space left on device'))).toBe(
    'lies on a file system without any room left',
  );
  for (const other of [new Error('x'), new TypeError('y'), 'EROFS', null, undefined])
    expect(storageProblem(other)).toBeNull();
});
