import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkLibraries } from './binaries.ts';

test('library links missing after an install without scripts are made, also by two at once or in part', async () => {
  const root = await mkdtemp(join(tmpdir(), 'credit-graph-binaries-'));
  try {
    await mkdir(join(root, 'native/lib'), { recursive: true });
    await writeFile(join(root, 'native/lib/libx.so.1.2'), 'library');
    const links = ['libx.so', 'libx.so.1'].map((name) => ({
      source: 'native/lib/libx.so.1.2',
      target: `native/lib/${name}`,
    }));
    await writeFile(join(root, 'native/pg-symlinks.json'), JSON.stringify(links));

    await Promise.all([linkLibraries(root), linkLibraries(root)]);
    await rm(join(root, 'native/lib/libx.so'));
    await linkLibraries(root);

    expect(await readFile(join(root, 'native/lib/libx.so'), 'utf8')).toBe('library');
    expect(await readFile(join(root, 'native/lib/libx.so.1'), 'utf8')).toBe('library');
  } finally {
    await rm(root, { recursive: true });
  }
});
