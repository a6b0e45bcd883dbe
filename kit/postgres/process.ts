import { readFile } from 'node:fs/promises';

/**
 * Whether a process exists and runs. A killed process whose parent does not collect it (a container whose first process
 * is no init) exists for ever, and still answers `kill -0`.
 */
export async function isRunning(pid: number): Promise<boolean> {
  if (!exists(pid)) return false;
  if (process.platform !== 'linux') return true;
  // "pid (command) state …", where the command may hold anything, brackets too.
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (status === null) return exists(pid);
  return !['Z', 'X'].includes(status.charAt(status.lastIndexOf(')') + 2));
}

/** Whether the pid is taken, even if only by a process that has ended and was not collected yet. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it is there, and belongs to someone else
  }
}
