import { createHash } from 'node:crypto';
import { type Api, DOMAIN_ERROR, type PartOutcome, successOf } from './api.ts';
import { Failure } from './failure.ts';
import { FILING, type Filing, type Replacement } from './filing.ts';
import type { Progress } from './progress.ts';
import { createRejectedFile, type RejectedFile, type RejectedLines, rejectedLines } from './rejectedFile.ts';
import { type FilePlan, type FilingFormat, openFile, PART_BYTES, planFile, readPart } from './split.ts';

export type Receipt = Omit<PartOutcome, 'rejectedRows'>;

export interface Ingested {
  /** The filing's identifier. */
  readonly filing: string;
  readonly receipt: Receipt;
  /** COMPLETED, or QUARANTINED for a full replacement that waits for a second person. */
  readonly status: string;
  /** The effect of a full replacement; null for another filing. */
  readonly replacement: Replacement | null;
  /** The file of the refused rows, in the same form and with their reasons; null when none was refused. */
  readonly rejectedFile: string | null;
  /** The number of refused rows in that file. The gateway lists the first 20 000 of each part. */
  readonly rejectedListed: number;
}

export interface IngestOptions {
  readonly api: Api;
  readonly file: string;
  readonly kind: string;
  /**
   * The rows are all the filer's records of the kind. Missing ones end, at once or after a second person's decision.
   */
  readonly replace?: boolean;
  readonly progress?: (totalRows: number) => Progress;
  /** Largest part in bytes. Default 8 MB. */
  readonly partBytes?: number;
}

interface SentFiling extends Filing {
  readonly parts: readonly { readonly number: number; readonly outcome: Receipt }[];
  readonly receipt: Receipt | null;
}

const RECEIPT = 'rows added corrected unchanged pending rejected warned digest';
const SENT = `${FILING} parts { number outcome { ${RECEIPT} } } receipt { ${RECEIPT} }`;
const CREATE = `mutation createFiling($input: CreateFilingInput!) { createFiling(input: $input) { __typename ... on FilingCreated { filing { ${SENT} } } ${DOMAIN_ERROR} } }`;
const COMPLETE = `mutation completeFiling($input: CompleteFilingInput!) { completeFiling(input: $input) { __typename ... on FilingCompleted { filing { ${SENT} } } ${DOMAIN_ERROR} } }`;
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const ingestTexts = [CREATE, COMPLETE];

const IN_FLIGHT = 2;

/**
 * Files a whole file through the public API, in parts of whole rows, two at a time, in constant memory. The same file
 * under the same kind is the same filing. Run again, it sends only the missing parts, and nothing of a completed
 * filing. A full replacement that is over is filed anew, so that the unit's records are those of the file again,
 * whatever was filed since.
 * @throws Failure when the filing could not be completed; running it again goes on from there
 */
export async function ingest({
  api,
  file,
  kind,
  replace = false,
  progress,
  partBytes = PART_BYTES,
}: IngestOptions): Promise<Ingested> {
  const plan = await planFile(file, await formatOf(file), partBytes);
  const filing = await createFiling(api, kind, plan, replace);
  const bar = progress?.(plan.rows);
  try {
    await using rejections = createRejectedFile(file, plan.format);
    await sendParts(api, file, plan, filing, rejections, bar);
    const { id, status, receipt, replacement } =
      filing.status === 'COMPLETED' ? filing : await complete(api, filing.id);
    if (receipt === null) throw new Failure(`The filing ${id} was completed without a receipt.`);
    return { filing: id, receipt, status, replacement, ...(await rejections.close()) };
  } finally {
    bar?.stop();
  }
}

async function formatOf(file: string): Promise<FilingFormat> {
  if (/\.(?:ndjson|jsonl)$/i.test(file)) return 'NDJSON';
  await using handle = await openFile(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
  return /^\uFEFF?\s*\{/.test(buffer.toString('utf8', 0, bytesRead)) ? 'NDJSON' : 'CSV';
}

async function createFiling(api: Api, kind: string, plan: FilePlan, replace: boolean): Promise<SentFiling> {
  const partsExpected = plan.parts.length;
  const mode = replace ? { mode: 'REPLACE' } : null;
  const create = async (key: readonly unknown[]): Promise<SentFiling> => {
    const idempotencyKey = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    const created = await api.ask<{ filing: SentFiling }>('createFiling', CREATE, {
      input: { idempotencyKey, kind, format: plan.format, partsExpected, ...mode },
    });
    return successOf(created, 'createFiling').filing;
  };
  // The number of parts is in the key: the same file cut in another way is another filing, not a conflict.
  const key = [kind, plan.format, partsExpected, plan.digest];
  if (!replace) return create(key);
  let filing = await create([...key, mode]);
  while (filing.status === 'COMPLETED' || filing.status === 'CANCELLED')
    filing = await create([...key, mode, filing.id]);
  return filing;
}

async function complete(api: Api, id: string): Promise<SentFiling> {
  const completed = await api.ask<{ filing: SentFiling }>('completeFiling', COMPLETE, {
    input: { idempotencyKey: id, id },
  });
  return successOf(completed, 'completeFiling').filing;
}

/** Sends the parts that are not recorded, and parts with refused rows again, since the answer repeats the reasons. */
async function sendParts(
  api: Api,
  file: string,
  plan: FilePlan,
  filing: SentFiling,
  rejections: RejectedFile,
  bar: Progress | undefined,
): Promise<void> {
  const recorded = new Map(filing.parts.map(({ number, outcome }) => [number, outcome]));
  const due = plan.parts.filter(({ number }) => (recorded.get(number)?.rejected ?? 1) > 0);
  let done = plan.rows - due.reduce((rows, part) => rows + part.rows, 0);
  bar?.begin(done);
  if (due.length === 0) return;
  await using handle = await openFile(file);
  const queue = due.values();
  let failed = false;
  // The refused rows are written in the order of the file, so an early answer for a later part waits.
  const answered = new Map<number, RejectedLines>();
  let next = 0;
  const write = async (): Promise<void> => {
    for (let ready = answered.get(next); ready; ready = answered.get(next)) {
      answered.delete(next++);
      await rejections.add(ready);
    }
  };
  let writing: Promise<void> = Promise.resolve();
  const lane = async (): Promise<void> => {
    for (const part of queue) {
      if (failed) return;
      try {
        const bytes = await readPart(handle, plan, part);
        const outcome = await api.putPart(filing.id, part.number, bytes, plan.format);
        answered.set(due.indexOf(part), rejectedLines(plan.format, plan.header, bytes, part, outcome));
        writing = writing.then(write);
        done += part.rows;
        bar?.update(done);
      } catch (error) {
        failed = true;
        if (part.rowOffset > 0 && error instanceof Failure && error.advice === null)
          throw new Failure(error.message, {
            advice: `Rows are counted within the part here: add ${part.rowOffset} for the row of the file.`,
            cause: error,
          });
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: IN_FLIGHT }, lane));
  const broken = lanes.find((each) => each.status === 'rejected');
  if (broken) throw broken.reason;
  await writing;
}
