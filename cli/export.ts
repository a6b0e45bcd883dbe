import { createHash, randomUUID } from 'node:crypto';
import { access, readFile, rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type Api, DOMAIN_ERROR, successOf } from './api.ts';
import { Failure } from './failure.ts';
import { openOwn, replaceOwn, unwritable } from './ownFile.ts';
import type { Followed } from './tail.ts';

export interface ExportOptions {
  readonly api: Api;
  /** The stream and filter of the snapshot: it has the records that a follower with this filter would hold. */
  readonly followed: Followed;
  /** The GraphQL selection on a change. Default: what the record states. */
  readonly fields?: string | undefined;
  readonly save: string;
  note(line: string): void;
}

export interface Exported {
  readonly id: string;
  readonly rows: number;
  /** The position from which changes go on. */
  readonly cursor: string;
  readonly knownAt: string;
}

interface Found {
  readonly id: string;
  readonly status: 'CREATED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLING' | 'CANCELLED' | 'EXPIRED';
  readonly failure: string | null;
  readonly cursor: string;
  readonly knownAt: string;
  readonly parts: readonly { readonly no: number; readonly path: string; readonly digest: string }[];
}

/** The state of an unfinished export, kept in FILE.export. */
interface Kept {
  readonly id: string;
  readonly parts: number;
  readonly rows: number;
  readonly bytes: number;
}

const EXPORT = 'id status failure cursor knownAt parts { no path digest }';
const CREATE = `mutation createExport($input: CreateExportInput!) { createExport(input: $input) { __typename ... on ExportCreated { export { ${EXPORT} } } ${DOMAIN_ERROR} } }`;
const FIND = `query export($id: ID!) { export(id: $id) { ${EXPORT} } }`;
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const exportTexts = [CREATE, FIND];
const LOOK_EVERY_MS = 500;

/**
 * Writes a snapshot to a file, one record a line, part by part as the gateway makes them. Run again after an
 * interruption, it goes on with the same export and takes a half-written part again.
 * @throws Failure when the export fails, or the file cannot be written
 */
export async function takeExport({ api, followed, fields, save, note }: ExportOptions): Promise<Exported> {
  const state = `${save}.export`;
  let kept = await readKept(state);
  if (!kept) {
    if (await isThere(save))
      throw new Failure(`${save} is there already.`, { advice: 'Give --save a name that is not taken.' });
    const filter =
      followed.topic === 'NAME_LIST' ? { nameListChanges: followed.filter } : { evaluationChanges: followed.filter };
    const created = successOf<{ export: Found }>(
      await api.ask('createExport', CREATE, { input: { idempotencyKey: randomUUID(), fields, ...filter } }),
      'createExport',
    );
    kept = { id: created.export.id, parts: 0, rows: 0, bytes: 0 };
    await replaceOwn(state, `${JSON.stringify(kept)}\n`);
  } else note(`${save} goes on with the export ${kept.id}.`);

  const handle = await openOwn(save);
  try {
    await handle.truncate(kept.bytes);
    for (;;) {
      const found: Found | null = await api.ask<Found | null>('export', FIND, { id: kept.id });
      if (found?.status !== 'CREATED' && found?.status !== 'RUNNING' && found?.status !== 'COMPLETED') {
        await rm(state);
        throw new Failure(
          `The export is ${found?.status ?? 'not there'}${found?.failure ? `: ${found.failure}` : '.'}`,
          { advice: 'Take a new one, into a new file.' },
        );
      }
      for (const { no, path, digest } of found.parts) {
        if (no <= kept.parts) continue;
        const text = await api.getPart(path);
        if (createHash('sha256').update(text).digest('hex') !== digest)
          note(`Part ${no} is not as it was made: rights have changed since. It holds what you may see now.`);
        try {
          await handle.appendFile(text);
          await handle.datasync();
          kept = {
            id: kept.id,
            parts: no,
            rows: kept.rows + text.split('\n').length - 1,
            bytes: kept.bytes + Buffer.byteLength(text),
          };
          await replaceOwn(state, `${JSON.stringify(kept)}\n`);
        } catch (error) {
          throw unwritable(save, error);
        }
      }
      if (found.status === 'COMPLETED') {
        await rm(state);
        return { id: found.id, rows: kept.rows, cursor: found.cursor, knownAt: found.knownAt };
      }
      await wait(LOOK_EVERY_MS);
    }
  } finally {
    await handle.close();
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function readKept(path: string): Promise<Kept | null> {
  try {
    const { id, parts, rows, bytes } = JSON.parse(await readFile(path, 'utf8')) as Kept;
    if (typeof id === 'string' && [parts, rows, bytes].every((each) => Number.isSafeInteger(each)))
      return { id, parts, rows, bytes };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Failure(`${path} is not as this command keeps it.`, {
    advice: 'It was written by something else: give --save another name.',
  });
}
