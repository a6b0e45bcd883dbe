import { createOnce, type Once } from '#kit/once.ts';
import type { Client } from '#kit/postgres/pool.ts';
import { staleState, type Refusal, refuse } from '#kit/refusals.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { ownerOf } from '#records/filing/admission.ts';
import { readTexts } from '#records/filing/formInput.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { mayFile } from '#policy/filings.ts';
import { findIndustry } from '#standards/industry.ts';
import { findPurpose } from '#standards/purposes.ts';
import { voluntaryForm } from '#standards/forms/voluntary.ts';
import type { VoluntaryRow } from './repository.ts';
import type {
  DeclareInformationInput,
  VerifyInformationInput,
  WithdrawInformationInput,
} from './resolvers.generated.ts';
import {
  alreadyDeclared,
  type Authorisation,
  authorisationOf,
  createVoluntaryVersions,
  keyOfVoluntaryItem,
  nextOf,
  UNVERIFIED_LEVEL,
  type VoluntaryKey,
  voluntaryKey,
  type VoluntaryVersions,
  type Written,
} from './voluntaryVersions.ts';

export type Answer = Once<unknown, Refusal>;

/** The transaction of one of these mutations. */
interface DeclarationTransaction {
  readonly client: Client;
  readonly context: SubgraphContext;
  readonly versions: VoluntaryVersions;
}

const unknownItem = () => refuse('NOT_FOUND', 'No declared item with this id is known to you.', 'id');
const otherVersion = (version: number) =>
  staleState('VERSION', `The item is at version ${version} now: read it again.`, 'expectedVersion');

/**
 * The mutations of declared items. Each change is a version, written with its rights, its idempotency key and its
 * answer in one transaction.
 */
export function createDeclarations(runtime: SubgraphRuntime) {
  const { pool, now } = runtime;
  const once = createOnce(pool, 'disclosure');
  const versions = createVoluntaryVersions(runtime);
  const run = (
    context: SubgraphContext,
    organisation: string,
    mutation: string,
    input: { readonly idempotencyKey: string },
    work: (transaction: DeclarationTransaction) => Promise<Written>,
  ): Promise<Answer> =>
    once({ organisation, mutation, key: input.idempotencyKey, input, at: now() }, (client) =>
      work({ client, context, versions }),
    );
  return {
    /**
     * The current item, cut to what the viewer may see.
     * @param result of an answer that is done
     */
    show: (context: SubgraphContext, result: unknown): Promise<VoluntaryRow | null> =>
      versions.find(context, result as VoluntaryKey), // what `write` was done with

    /** `subject` is the viewer's own organisation. */
    declare: (context: SubgraphContext, subject: string, input: DeclareInformationInput): Promise<Answer> =>
      run(context, subject, 'declareInformation', input, (transaction) => declare(transaction, subject, input)),

    /** Done by the unit that the subject asked, or by one that may file about it and sees the item; never by itself. */
    verify: (context: SubgraphContext, verifier: string, input: VerifyInformationInput): Promise<Answer> =>
      run(context, verifier, 'verifyInformation', input, (transaction) => verify(transaction, verifier, input)),

    /** `subject` is the viewer's own organisation. */
    withdraw: (context: SubgraphContext, subject: string, input: WithdrawInformationInput): Promise<Answer> =>
      run(context, subject, 'withdrawInformation', input, (transaction) => withdraw(transaction, subject, input)),
  };
}

async function declare(
  { client, context, versions }: DeclarationTransaction,
  subject: string,
  input: DeclareInformationInput,
): Promise<Written> {
  const wrong = checkDeclaration(input, context.today);
  if (wrong) return wrong;
  const read = readTexts(voluntaryForm, {
    subjectUscc: subject,
    itemNo: input.itemNo,
    title: input.title,
    content: input.content,
  });
  if ('refused' in read) return read;
  // `readTexts` refuses an input without them.
  const { itemNo, title, content } = read.texts as { itemNo: string; title: string; content: string };
  const key = voluntaryKey(input.kind, itemNo, subject);
  const before = await versions.take(client, context, key);
  if (!before && input.expectedVersion != null)
    return refuse('NOT_FOUND', 'You have declared no such item: leave expectedVersion out.', 'expectedVersion');
  if (before && input.expectedVersion == null) return alreadyDeclared(before.version);
  if (before && before.version !== input.expectedVersion) return otherVersion(before.version);
  const { purposes, until, disclosureLevel } = input.authorisation;
  const authorisation: Authorisation = {
    disclosureLevel: disclosureLevel ?? UNVERIFIED_LEVEL,
    purposes: [...new Set(purposes)].toSorted(),
    until,
  };
  // The verification was of another text.
  return versions.write(client, 'declareInformation', context, key, before, {
    content: { authorisation, content, title },
    kind: input.kind,
    itemNo,
    declaredOn: context.today,
    verification: 'UNVERIFIED',
    verifiedBy: null,
    verifiedOn: null,
    authorisation,
    verifier: input.verifier ?? null,
    sector: findIndustry(input.industryCode ?? '')?.section ?? null,
    withdrawnOn: null,
  });
}

async function verify(
  { client, context, versions }: DeclarationTransaction,
  verifier: string,
  input: VerifyInformationInput,
): Promise<Written> {
  const key = keyOfVoluntaryItem(input.id);
  if (input.result === 'UNVERIFIED') return refuse('RESULT', 'An item is VERIFIED or REFUTED.', 'result');
  const row = key && (await versions.take(client, context, key));
  if (!row || row.withdrawn_on !== null || authorisationOf(row).until < context.today) return unknownItem();
  if (!mayVerify(context, verifier, row))
    return refuse(
      'NOT_YOURS',
      'Your organisation may not verify this item: it is its own, or another unit has verified it.',
      'id',
    );
  if (row.version !== input.expectedVersion) return otherVersion(row.version);
  const read = readTexts(voluntaryForm, {
    subjectUscc: row.uscc,
    itemNo: row.item_no,
    title: String(row.content['title']),
    content: String(row.content['content']),
    evidence: input.evidence,
  });
  if ('refused' in read) return read;
  if (read.texts['evidence'] === null) return refuse('MISSING', 'Say what the outcome rests on.', 'evidence');
  const next = nextOf(row, {
    content: { ...row.content, evidence: read.texts['evidence'] },
    verification: input.result,
    verifiedBy: verifier,
    verifiedOn: context.today,
  });
  return versions.write(client, 'verifyInformation', context, key, row, next);
}

/**
 * Whether a unit may verify an item: the one that the subject asked, and whoever might file such a record in its own
 * name. It replaces another unit's verification only where it might file for that unit.
 */
function mayVerify({ viewer }: SubgraphContext, verifier: string, row: VoluntaryRow): boolean {
  const mayName = (unit: string): boolean =>
    mayFile(viewer, ownerOf({ uscc: row.uscc, source_unit: unit, determining_unit: unit, sector: row.sector }));
  const isAsked = row.determining_unit === verifier;
  const isReplaceable = row.verified_by === null || row.verified_by === verifier || mayName(row.verified_by);
  return verifier !== row.uscc && (isAsked || mayName(verifier)) && isReplaceable;
}

async function withdraw(
  { client, context, versions }: DeclarationTransaction,
  subject: string,
  input: WithdrawInformationInput,
): Promise<Written> {
  const key = keyOfVoluntaryItem(input.id);
  const row = key && (await versions.take(client, context, key));
  if (!row || row.uscc !== subject) return unknownItem();
  if (row.version !== input.expectedVersion) return otherVersion(row.version);
  if (row.withdrawn_on !== null)
    return staleState('WITHDRAWN', `The authorisation was withdrawn on ${row.withdrawn_on}.`, 'id');
  const next = nextOf(row, { withdrawnOn: context.today });
  return versions.write(client, 'withdrawInformation', context, key, row, next);
}

function checkDeclaration(
  { truthCommitment, industryCode, authorisation }: DeclareInformationInput,
  today: string,
): { refused: Refusal } | null {
  if (!truthCommitment)
    return refuse('TRUTH_COMMITMENT', 'Nothing is taken without the commitment that it is true.', 'truthCommitment');
  if (industryCode && findIndustry(industryCode) === null)
    return refuse('UNKNOWN_CODE', 'There is no such industry in GB/T 4754.', 'industryCode');
  const unknownCode = authorisation.purposes.find((code) => findPurpose(code) === null);
  if (unknownCode !== undefined)
    return refuse('UNKNOWN_CODE', 'There is no such purpose: `purposes` lists them.', 'authorisation', 'purposes');
  if (authorisation.until < today)
    return refuse('BAD_PERIOD', 'The authorisation would have ended before today.', 'authorisation', 'until');
  if (authorisation.disclosureLevel === 'INTERNAL')
    return refuse(
      'DISCLOSURE_LEVEL',
      'PUBLIC, GOV_SHARED or RESTRICTED can be authorised.',
      'authorisation',
      'disclosureLevel',
    );
  return null;
}
