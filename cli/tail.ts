import {
  type EvaluationChange,
  followEvaluations,
  followNameLists,
  type NameListChange,
  readEvaluationChanges,
  readNameListChanges,
} from '#client/changes.ts';
import { type Clock, systemClock } from '#client/clock.ts';
import type { EvaluationChangeFilter, NameListChangeFilter } from '#client/documents.generated.ts';
import { ChangesError, CursorExpiredError } from '#client/failure.ts';
import type { FollowOptions, Delivered } from '#client/follow.ts';
import type { PageOptions } from '#client/pages.ts';
import { adviceFor } from './api.ts';
import type { TokenSource } from './caller.ts';
import { type ChangeFile, openChangeFile } from './changeFile.ts';
import { exitCodes, Failure } from './failure.ts';
import { UNREACHED } from './requests.ts';

export type TailedChange = NameListChange | EvaluationChange;

/** The stream and its filter. */
export type Followed =
  | { readonly topic: 'NAME_LIST'; readonly filter: NameListChangeFilter }
  | { readonly topic: 'EVALUATION'; readonly filter: EvaluationChangeFilter };

export interface TailOptions {
  readonly url: string;
  readonly token: TokenSource;
  readonly purpose?: string | undefined;
  readonly followed: Followed;
  /** Where to begin: a cursor, or EARLIEST; null for the end of the log. A file with a position goes on from there. */
  readonly from: string | null;
  /** The file to append to; null to print the changes. */
  readonly save: string | null;
  /** Printed lines are JSON. */
  readonly json: boolean;
  /** Ends with the last change that there is. */
  readonly untilCaughtUp: boolean;
  /** Ends following, with everything saved. */
  readonly signal: AbortSignal;
  print(line: string): void | Promise<void>;
  note(line: string): void;
}

/** Stands for the position before the oldest change that the gateway keeps. */
export const EARLIEST = 'beginning';

/** The maximum number of attempts with `untilCaughtUp`. Following otherwise never gives up. */
const ATTEMPTS = 6;

/**
 * Follows changes into a file or to the terminal.
 * @throws Failure, with an exit code of its own when changes are missing for good
 */
export async function tail(options: TailOptions, clock: Clock = systemClock): Promise<void> {
  const { from, save, json, signal, print, note } = options;
  const failed = new AbortController();
  await using file =
    save === null ? null : await openChangeFile(save, { from, onFailure: () => failed.abort(), after: clock.after });
  if (file && from !== null && !file.isNew) note(`${save} goes on from its own place; --from is for a new file.`);
  try {
    for await (const delivered of changesOf(options, file, AbortSignal.any([signal, failed.signal]), clock)) {
      if (!file) await print(json ? lineOf(delivered) : wordsOf(delivered));
      else if (!file.isRepeated(delivered.change.id)) await file.append(lineOf(delivered));
    }
  } catch (error) {
    throw error instanceof ChangesError ? failureOf(error, save) : error;
  }
}

/**
 * Yields changes from the position on: first by pages where the beginning or an end was requested, then by a stream.
 */
async function* changesOf(
  { url, token, purpose, followed, from, untilCaughtUp, note }: TailOptions,
  file: ChangeFile | null,
  signal: AbortSignal,
  clock: Clock,
): AsyncGenerator<Delivered<TailedChange>, void, undefined> {
  const { read, follow } = transportsOf(followed, clock);
  const asked = {
    url,
    token,
    purpose,
    signal,
    attempts: untilCaughtUp ? ATTEMPTS : undefined,
    onRetry: ({ reason, waitMs }: { reason: string; waitMs: number }) =>
      note(`${reason} Again in ${(waitMs / 1000).toFixed(1)} s.`),
  };
  const reached = async (cursor: string): Promise<void> => file?.reached(cursor);

  let position = file ? file.position : from;
  if (position !== null && (untilCaughtUp || position === EARLIEST)) {
    for await (const page of read({ ...asked, from: position === EARLIEST ? null : position })) {
      for (const delivered of page.changes) {
        yield delivered;
        await reached(delivered.cursor);
        if (signal.aborted) return;
      }
      position = page.cursor;
      await reached(position);
    }
    if (untilCaughtUp || signal.aborted) return;
  }
  // Without a position to read from, caught up means the end of the log, which is the first event of a stream.
  const found = new AbortController();
  const onCheckpoint = async (cursor: string): Promise<void> => {
    await reached(cursor);
    if (untilCaughtUp) found.abort();
  };
  yield* follow({ ...asked, from: position, signal: AbortSignal.any([signal, found.signal]), onCheckpoint });
}

type Deliveries = AsyncGenerator<Delivered<TailedChange>, void, undefined>;
type Transports = {
  read(
    options: PageOptions<never>,
  ): AsyncGenerator<{ readonly changes: readonly Delivered<TailedChange>[]; readonly cursor: string }, void, undefined>;
  follow(options: FollowOptions<never>): Deliveries;
};

const transportsOf = (followed: Followed, clock: Clock): Transports =>
  followed.topic === 'NAME_LIST'
    ? {
        read: (options) => readNameListChanges({ ...options, filter: followed.filter }, clock),
        follow: (options) => followNameLists({ ...options, filter: followed.filter }, clock),
      }
    : {
        read: (options) => readEvaluationChanges({ ...options, filter: followed.filter }, clock),
        follow: (options) => followEvaluations({ ...options, filter: followed.filter }, clock),
      };

/** A change as a line of JSON. `errors` is added when fields of it were not answered. */
export const lineOf = ({ change, errors }: Delivered<TailedChange>): string =>
  JSON.stringify(errors.length > 0 ? { ...change, errors } : change);

/** `2026-11-26T14:02:03.123Z  ADDED      91330106MA…  SERIOUS SAMR_SERIOUS  示监〔2026〕1号` */
export function wordsOf({ change, errors }: Delivered<TailedChange>): string {
  const { at, kind, subject, reason } = change;
  const lost = errors.map(({ path, extensions }) =>
    `${path?.join('.') ?? ''} ${String(extensions?.['code'] ?? '')}`.trim(),
  );
  const words = [
    at ?? '',
    kind.padEnd(9),
    subject?.uscc ?? '',
    ...(reason === null ? [] : [reason]),
    ...statedIn(change),
    ...(lost.length > 0 ? [`in part: ${lost.join(', ')}`] : []),
  ];
  return words.join('  ').trimEnd();
}

function statedIn(change: TailedChange): string[] {
  if (change.__typename === 'NameListChange') {
    const { entry, documentNo } = change;
    return [entry ? `${entry.category ?? ''} ${entry.listType?.code ?? ''}`.trim() : '', documentNo ?? ''].filter(
      Boolean,
    );
  }
  const { evaluation } = change;
  return evaluation
    ? [`${evaluation.scheme?.code ?? ''} ${evaluation.scheme?.version ?? ''}`.trim(), evaluation.grade ?? ''].filter(
        Boolean,
      )
    : [];
}

function failureOf(error: ChangesError, save: string | null): Failure {
  if (error instanceof CursorExpiredError) {
    const place = `The place${save === null ? '' : ` kept in ${save}.cursor`}`;
    return new Failure(
      `${place} is older than what the gateway keeps, or not of its log: changes since then are missing.`,
      {
        advice:
          'Take a snapshot (credit-graph export) and go on from its place in a new file (--from PLACE), ' +
          `or begin a new file with the oldest change that is kept (--from ${error.oldest ?? EARLIEST}).`,
        exitCode: exitCodes.changesMissing,
        cause: error,
      },
    );
  }
  const { extensions } = error.errors[0] ?? {};
  const advice = {
    ...adviceOf,
    NOT_ALLOWED: adviceFor[String(extensions?.['code'])],
    UNAUTHENTICATED: adviceFor[String(extensions?.['reason'])],
  }[error.code];
  return new Failure(error.message, { ...(advice === undefined ? null : { advice }), cause: error });
}

const adviceOf = {
  BAD_CURSOR:
    'A place is good for one filter, in one role of one organisation: ' +
    'give the same options as before, or begin a new file.',
  BAD_INPUT: undefined,
  CURSOR_EXPIRED: undefined,
  UNAVAILABLE: UNREACHED,
};
