import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Files of this repository as they are on disk: tracked, or new and not ignored. @throws where there is no checkout */
export function repositoryFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)));
}

/** The patterns of .gitattributes that say `linguist-generated`: one a line, from the top of the repository. */
export const markedPatterns: readonly string[] = readFileSync(join(ROOT, '.gitattributes'), 'utf8')
  .split('\n')
  .flatMap((line) => /^([^#\s]\S*) linguist-generated$/.exec(line)?.[1] ?? []);

/** Whether .gitattributes marks a file as generated. */
export const isMarkedGenerated = (file: string): boolean =>
  markedPatterns.some((pattern) => matchesGlob(file, pattern));
