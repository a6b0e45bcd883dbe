import { ownerOf, provinceOfCode } from '#kit/filing/admission.ts';
import { canonicalJson } from '#kit/filing/canonical.ts';
import { announceBatch, auditChange } from '#kit/feed.ts';
import { createOnce, type Once, type Work } from '#kit/once.ts';
import { query, statement, type Client } from '#kit/postgres/pool.ts';
import { decodeId, recordIdOf } from '#kit/records.ts';
import type { SubgraphContext } from '#kit/context.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { mayFile } from '#policy/filings.ts';
import { disclosureLevels, type DisclosureLevel, keepOwnRights, NO_PROVINCE, rowParameters, rowPredicate, rowScope, rowValues, versionRight } from '#policy/rows.ts';
import { findIndustry } from '#standards/industry.ts';
import { findPurpose } from '#standards/purposes.ts';
import { parseRow } from '#standards/forms/parse.ts';
import { voluntaryForm } from '#standards/forms/voluntary.ts';
import { feed } from './ingest.ts';
import { moved, type Refusal, refuse } from '#kit/refusals.ts';
import { readColumns, type VoluntaryRow } from './repository.ts';
import type { DeclareInformationInput, VerifyInformationInput, WithdrawInformationInput } from './resolvers.generated.ts';

export type Answer = Once<unknown, Refusal>;

interface Key {
  readonly uscc: string;
  readonly recordId: string;
}

interface Authorisation {
  readonly disclosureLevel: DisclosureLevel;
  readonly purposes: readonly string[];
  readonly until: string;
}

/** What a version states, and the present rights that it gives all versions of its record. */
interface NextVersion {
  readonly content: Readonly<Record<string, unknown>>;
  readonly kind: string;
  readonly itemNo: string;
  readonly declaredOn: string;
  readonly verification: 'UNVERIFIED' | 'VERIFIED' | 'REFUTED';
  readonly verifiedBy: string | null;
  readonly verifiedOn: string | null;
  readonly authorisation: Authorisation;
  /** The unit that was asked to verify it. */
  readonly verifier: string | null;
  readonly sector: string | null;
  readonly withdrawnOn: string | null;
}

const CATALOGUE_ITEM = 'VOLUNTARY';

/** Nobody beyond government sees what nobody has verified. */
const UNVERIFIED_LEVEL: DisclosureLevel = 'GOV_SHARED';

const narrower = (one: DisclosureLevel, other: DisclosureLevel): DisclosureLevel => (disclosureLevels.indexOf(one) > disclosureLevels.indexOf(other) ? one : other);

const unknown = () => refuse('NOT_FOUND', 'No declared item with this id is known to you.', 'id');
const declared = (version: number) => moved('EXISTS', `You have declared this item: to correct it name its version, ${version}.`, 'expectedVersion');
const otherVersion = (version: number) => moved('VERSION', `The item is at version ${version} now: read it again.`, 'expectedVersion');

const authorisationOf = ({ content }: VoluntaryRow): Authorisation => content['authorisation'] as Authorisation; // written below alone

/** Declared items as they are written: each change is a version, with its rights, its key and its answer in one transaction. */
export function createDeclarations({ pool, instants, digest, now }: Workshop) {
  const once = createOnce(pool, 'disclosure');
  const current = statement(
    'disclosure.voluntary_item.current',
    `select ${readColumns('voluntary_item')}
     from disclosure.voluntary_item record
     where record.uscc = $${rowParameters + 1}
       and record.record_id = $${rowParameters + 2}::uuid
       and record.superseded_at = 'infinity'
       and ${rowPredicate('record', 1)}
     limit 1`,
  );
  // The first version stands for the record: whoever waited for the current one would find it superseded, and look like one who asks for none.
  const hold = statement('disclosure.voluntary_item.hold', 'select version from disclosure.voluntary_item where uscc = $1 and record_id = $2::uuid and version = 1 for update');
  // Rights are those of now on every version, or its own narrower ones; so are the purposes that it was authorised for.
  const supersede = statement(
    'disclosure.voluntary_item.supersede',
    `update disclosure.voluntary_item record
     set superseded_at = least(superseded_at, $3::timestamptz),
         ${keepOwnRights('record')},
         disclosure_level = ${versionRight('record', 'disclosure_level', '$4::text')},
         public_from = $5::date,
         public_until = $6::date,
         withdrawn_on = $7::date,
         withdrawal_reason = $8,
         authorised_for = array(select unnest($9::text[]) intersect select jsonb_array_elements_text(coalesce(content->'authorisation'->'purposes', '[]'))),
         determining_unit = $10,
         sector = ${versionRight('record', 'sector', '$11::text')}
     where uscc = $1
       and record_id = $2::uuid`,
  );
  const insert = statement(
    'disclosure.voluntary_item.insert',
    `insert into disclosure.voluntary_item (uscc, record_id, recorded_at, disclosure_level, public_from, public_until, withdrawn_on, withdrawal_reason, authorised_for, determining_unit, sector, version, digest, source_unit, catalogue_code, collected_at, province, under_objection, valid_from, content, kind, item_no, declared_on, verification, verified_by, verified_on)
     values ($1, $2::uuid, $3::timestamptz, $4, $5::date, $6::date, $7::date, $8, $9::text[], $10, $11, $12, decode($13, 'hex'), $1, '${CATALOGUE_ITEM}', $14::timestamptz, $15, $16, $17::date, $18::jsonb, $19, $20, $17::date, $21, $22, $23::date)
     on conflict do nothing
     returning version`,
  );

  const find = async (on: Client | typeof pool, { viewer, today }: SubgraphContext, { uscc, recordId }: Key): Promise<VoluntaryRow | null> => {
    const [row] = await query<VoluntaryRow>(on, current, [...rowValues(rowScope(viewer), today), uscc, recordId]);
    return row ?? null;
  };

  /** The version that stands, with no other writer of the record until the end of the transaction. */
  const take = async (client: Client, context: SubgraphContext, key: Key): Promise<VoluntaryRow | null> => {
    await query(client, hold, [key.uscc, key.recordId]);
    return find(client, context, key);
  };

  async function write(client: Client, action: string, { today, viewer }: SubgraphContext, key: Key, before: VoluntaryRow | null, next: NextVersion): Promise<Work<Key, Refusal>> {
    const { authorisation, content, verification, withdrawnOn } = next;
    const level = verification === 'VERIFIED' ? authorisation.disclosureLevel : narrower(authorisation.disclosureLevel, UNVERIFIED_LEVEL);
    const rights = [level, level === 'PUBLIC' ? today : null, authorisation.until, withdrawnOn, withdrawnOn === null ? null : 'AUTHORISATION_WITHDRAWN', authorisation.purposes, next.verifier, next.sector];
    const recordedAt = await instants.stamp(client);
    if (before) await query(client, supersede, [key.uscc, key.recordId, recordedAt, ...rights]);
    const digested = digest(canonicalJson({ ...next, uscc: key.uscc, recordId: key.recordId, level }));
    const written = await query(client, insert, [
      key.uscc,
      key.recordId,
      recordedAt,
      ...rights,
      (before?.version ?? 0) + 1,
      digested,
      before?.collected_at ?? recordedAt,
      provinceOfCode(key.uscc) ?? NO_PROVINCE,
      before?.under_objection ?? false,
      next.declaredOn,
      JSON.stringify(content),
      next.kind,
      next.itemNo,
      verification,
      next.verifiedBy,
      next.verifiedOn,
    ]);
    // Another call declared it between our look and our write.
    if (written.length === 0) return declared(1);
    const stamp = { recordedAt, filingId: null };
    await announceBatch(client, feed.topic, stamp, 1);
    await auditChange(client, viewer, { ...stamp, schema: 'disclosure', action, record: { ...key, version: (before?.version ?? 0) + 1 }, rows: 1 });
    return { done: key };
  }

  /** The next version of a record that stands. */
  const nextOf = (row: VoluntaryRow, change: Partial<NextVersion>): NextVersion => ({
    content: row.content,
    kind: row.kind,
    itemNo: row.item_no,
    declaredOn: row.day,
    verification: row.verification,
    verifiedBy: row.verified_by,
    verifiedOn: row.verified_on,
    authorisation: authorisationOf(row),
    verifier: row.determining_unit,
    sector: row.sector,
    withdrawnOn: row.withdrawn_on,
    ...change,
  });

  return {
    /** The item as it stands now, cut to what the viewer may see. */
    show: async (context: SubgraphContext, answer: unknown): Promise<VoluntaryRow | null> => find(pool, context, answer as Key), // what `write` was done with

    /** `subject` is the viewer's own organisation. */
    declare: (context: SubgraphContext, subject: string, input: DeclareInformationInput): Promise<Answer> =>
      once(callOf(subject, 'declareInformation', input, now()), async (client): Promise<Work<Key, Refusal>> => {
        const wrong = checkDeclaration(input, context.today);
        if (wrong) return wrong;
        const read = readTexts({ subjectUscc: subject, itemNo: input.itemNo, title: input.title, content: input.content });
        if ('refused' in read) return read;
        const { itemNo, title, content } = read.texts as { itemNo: string; title: string; content: string }; // no row without them
        const key = { uscc: subject, recordId: recordIdOf(CATALOGUE_ITEM, input.kind, itemNo, subject) };
        const before = await take(client, context, key);
        if (!before && input.expectedVersion != null) return refuse('NOT_FOUND', 'You have declared no such item: leave expectedVersion out.', 'expectedVersion');
        if (before && input.expectedVersion == null) return declared(before.version);
        if (before && before.version !== input.expectedVersion) return otherVersion(before.version);
        const { purposes, until, disclosureLevel } = input.authorisation;
        const authorisation: Authorisation = { disclosureLevel: disclosureLevel ?? UNVERIFIED_LEVEL, purposes: [...new Set(purposes)].toSorted(), until };
        // What was verified was another text.
        return write(client, 'declareInformation', context, key, before, { content: { authorisation, content, title }, kind: input.kind, itemNo, declaredOn: context.today, verification: 'UNVERIFIED', verifiedBy: null, verifiedOn: null, authorisation, verifier: input.verifier ?? null, sector: findIndustry(input.industryCode ?? '')?.section ?? null, withdrawnOn: null });
      }),

    /** By a unit that may file about the subject and sees the item, never by the subject itself. */
    verify: (context: SubgraphContext, verifier: string, input: VerifyInformationInput): Promise<Answer> =>
      once(callOf(verifier, 'verifyInformation', input, now()), async (client): Promise<Work<Key, Refusal>> => {
        const key = keyOf(input.id);
        if (input.result === 'UNVERIFIED') return refuse('RESULT', 'An item is VERIFIED or REFUTED.', 'result');
        const row = key && (await take(client, context, key));
        if (!row || row.withdrawn_on !== null || authorisationOf(row).until < context.today) return unknown();
        // As a record is filed: a unit says it in its own name, and changes what stands in another's only where it might file for that one.
        const mayName = (unit: string): boolean => mayFile(context.viewer, ownerOf({ uscc: row.uscc, source_unit: unit, determining_unit: unit, sector: row.sector }));
        if (verifier === row.uscc || !mayName(verifier) || (row.verified_by !== null && !mayName(row.verified_by))) return refuse('NOT_YOURS', 'Your organisation may not verify this item: it is its own, or another unit has verified it.', 'id');
        if (row.version !== input.expectedVersion) return otherVersion(row.version);
        const read = readTexts({ subjectUscc: row.uscc, itemNo: row.item_no, title: String(row.content['title']), content: String(row.content['content']), evidence: input.evidence });
        if ('refused' in read) return read;
        if (read.texts['evidence'] === null) return refuse('MISSING', 'Say what the outcome rests on.', 'evidence');
        return write(client, 'verifyInformation', context, key, row, nextOf(row, { content: { ...row.content, evidence: read.texts['evidence'] }, verification: input.result, verifiedBy: verifier, verifiedOn: context.today }));
      }),

    withdraw: (context: SubgraphContext, subject: string, input: WithdrawInformationInput): Promise<Answer> =>
      once(callOf(subject, 'withdrawInformation', input, now()), async (client): Promise<Work<Key, Refusal>> => {
        const key = keyOf(input.id);
        const row = key && (await take(client, context, key));
        if (!row || row.uscc !== subject) return unknown();
        if (row.version !== input.expectedVersion) return otherVersion(row.version);
        if (row.withdrawn_on !== null) return moved('WITHDRAWN', `The authorisation was withdrawn on ${row.withdrawn_on}.`, 'id');
        return write(client, 'withdrawInformation', context, key, row, nextOf(row, { withdrawnOn: context.today }));
      }),
  };
}

const callOf = (organisation: string, mutation: string, input: { readonly idempotencyKey: string }, at: Date) => ({ organisation, mutation, key: input.idempotencyKey, input, at });

function keyOf(id: string): Key | null {
  const key = decodeId(id);
  return key?.kind === 'VoluntaryItem' ? key : null;
}

function checkDeclaration({ truthCommitment, industryCode, authorisation }: DeclareInformationInput, today: string): { refused: Refusal } | null {
  if (!truthCommitment) return refuse('TRUTH_COMMITMENT', 'Nothing is taken without the commitment that it is true.', 'truthCommitment');
  if (industryCode && findIndustry(industryCode) === null) return refuse('UNKNOWN_CODE', 'There is no such industry in GB/T 4754.', 'industryCode');
  const stranger = authorisation.purposes.find((code) => findPurpose(code) === null);
  if (stranger !== undefined) return refuse('UNKNOWN_CODE', 'There is no such purpose: `purposes` lists them.', 'authorisation', 'purposes');
  if (authorisation.until < today) return refuse('BAD_PERIOD', 'The authorisation would have ended before today.', 'authorisation', 'until');
  if (authorisation.disclosureLevel === 'INTERNAL') return refuse('DISCLOSURE_LEVEL', 'PUBLIC, GOV_SHARED or RESTRICTED can be authorised.', 'authorisation', 'disclosureLevel');
  return null;
}

/** The texts as every form reads them: trimmed, of their length, persons' numbers masked. */
function readTexts(texts: Readonly<Record<string, string>>): { texts: Readonly<Record<string, unknown>> } | { refused: Refusal } {
  const row = parseRow(voluntaryForm, texts);
  if (row.ok) return { texts: row.record };
  const [problem] = row.problems;
  const field = voluntaryForm.fields.find(({ column }) => column === problem?.column);
  return refuse(problem?.code ?? 'BAD_FORM', problem?.message ?? 'The input is not in the form.', ...(field ? [field.name] : []));
}
