/** Why a path cannot be written, by `error.code` of the system. */
const OBSTACLES: Readonly<Record<string, string>> = {
  EROFS: 'lies on a file system that is mounted read-only',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
  ENOSPC: 'lies on a file system without any room left',
  EDQUOT: 'lies on a file system on which this user has used all its room',
  ENOTDIR: 'lies below a file that is no directory',
  EEXIST: 'lies below a file that is no directory',
  EIO: 'lies on a disk that fails',
};

/**
 * Describes a system error about a path that was to be written, as the end of a sentence: the error itself names a call
 * and a number, and the person who chose the path needs words. Null for any other error.
 */
export function storageProblem(error: unknown): string | null {
  const { code = '', syscall, message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  // initdb and the server report it as text.
  if (message.includes('No space left on device')) return OBSTACLES['ENOSPC'] ?? null;
  return syscall ? (OBSTACLES[code] ?? `cannot be made or written (${code})`) : null;
}
