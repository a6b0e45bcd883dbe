import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { composeUscc } from '#standards/uscc.ts';
import { rowOf } from '#test/support/listings.ts';
import type { Findings } from './findings.ts';
import { CENTRE } from './fixtures.ts';
import { type LoadClient, parse } from './loadClient.ts';
import { judge } from './oracle.ts';

// Who writes during a load: each write is sent again with its key until it is acknowledged.

export interface Write {
  readonly token: string;
  readonly uscc: string;
  readonly key: string;
  acknowledged: boolean;
}

const WRITE = `mutation ($input: FileRecordsInput!) {
  fileRecords(input: $input) {
    __typename
    ... on RecordsFiled { rows { outcome problems { code } } }
    ... on DomainError { code message }
  }
}`;

export interface WriterOptions {
  readonly client: LoadClient;
  readonly findings: Findings;
  /** A number that no other load on the same database has. */
  readonly run: number;
  readonly signal: AbortSignal;
}

/** Writes until it is stopped, into `writes`; the last one is sent at least once. */
export async function writeUntilStopped(
  writes: Write[],
  { client, findings, run, signal }: WriterOptions,
): Promise<void> {
  for (let number = 0; !signal.aborted; number += 1) {
    const entry: Write = {
      token: `w${run}-${number}`,
      uscc: composeUscc('91330106', `MA${String(run % 100).padStart(2, '0')}${String(number).padStart(4, '0')}`),
      key: randomUUID(),
      acknowledged: false,
    };
    writes.push(entry);
    const input = {
      idempotencyKey: entry.key,
      kind: 'name-list',
      rows: [rowOf({ uscc: entry.uscc, documentNo: `示监〔2026〕${entry.token}`, grounds: entry.token })],
    };
    for (let attempt = 0; !entry.acknowledged && !(signal.aborted && attempt > 0); attempt += 1) {
      await sendWrite(entry, input, number + attempt, { client, findings });
      await pause(entry.acknowledged ? 250 : 500);
    }
  }
}

async function sendWrite(
  entry: Write,
  input: object,
  turn: number,
  { client, findings }: Pick<WriterOptions, 'client' | 'findings'>,
): Promise<void> {
  const answer = await client.ask(client.urlOf(turn), CENTRE, WRITE, { input });
  if ('lost' in answer) {
    findings.addLost('write', answer.lost, entry.token);
  } else {
    const reply = parse(answer.text)?.data?.['fileRecords'] as
      { __typename: string; rows?: { outcome: string }[] } | null | undefined;
    if (reply?.__typename === 'RecordsFiled' && reply.rows?.every(({ outcome }) => outcome !== 'REJECTED'))
      entry.acknowledged = true;
    else if (reply) findings.addViolation('write', `refused: ${reply.__typename}`, answer.text);
    else {
      const verdict = judge(answer, { fileRecords: {} }, CENTRE);
      if (verdict.outcome === 'wrong') findings.addViolation('write', verdict.what, answer.text);
    }
  }
}
