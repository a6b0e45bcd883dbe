import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { exists, isRunning } from './process.ts';

test('this process runs, one that has ended and was collected does not', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  // It was started, so it has a pid.
  expect([await isRunning(process.pid), await isRunning(child.pid!), exists(child.pid!)]).toEqual([true, false, false]);
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('a process that has ended and whose parent never collects it is not taken for running', async () => {
  // The shell becomes `cat`, which does not know that it has a child; the child's output ends with it.
  const parent = spawn('/bin/sh', ['-c', "sh -c 'echo $$' & exec cat"]);
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const child = Number(line.toString());
    while (await isRunning(child)); // it is about to end
    expect(exists(child)).toBe(true);
  } finally {
    parent.kill();
    await once(parent, 'exit');
  }
});
