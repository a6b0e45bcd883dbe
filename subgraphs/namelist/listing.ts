import { randomUUID } from 'node:crypto';
import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import { auditChange } from '#kit/feed.ts';
import { noteRead, noteSubject } from '#kit/fields.ts';
import { notAdmitted, provinceOfCode } from '#kit/filing/admission.ts';
import { textOf } from '#kit/filing/record.ts';
import { createOnce, type Once } from '#kit/once.ts';
import { type Client, query, statement } from '#kit/postgres/pool.ts';
import { give } from '#kit/recordFields.ts';
import { decodeId, NOT_IN_REPLACEMENT, type Times } from '#kit/records.ts';
import type { Scope } from '#kit/sourceUnits.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { may } from '#policy/actions.ts';
import { mayChangeListing } from '#policy/filings.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Form, ParsedRecord } from '#standards/forms/form.ts';
import { nameListForm } from '#standards/forms/nameList.ts';
import { parseRow } from '#standards/forms/parse.ts';
import { findIndustry } from '#standards/industry.ts';
import { listTypesOn } from '#standards/listTypes.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { type EntryFiling, entryOf, recordOf } from './ingest.ts';
import { createProposals, type ListingAction, type ProposalKey, type ProposalRow } from './proposals.ts';
import { moved, type Refusal, refuse, refusedAs, sameKey } from '#kit/refusals.ts';
import type { EntryRepository, EntryRow } from './repository.ts';
import type { CorrectListingInput, DecideListingInput, ProposeListingInput, RemoveListingInput } from './resolvers.generated.ts';
import { createEntryVersions, type EntryKey, type StandingEntry } from './versions.ts';

// Lists as they are written by decision: one person of a unit proposes, another decides (谁认定、谁移出). What is approved makes the entry
// that a filing of the same document would make, so that each brings the other up to date and neither makes a second one.

/** In their ids, which have the code of the entity inside. */
export const PROPOSAL = 'ListingProposal';
export const ENTRY = 'NameListEntry';

/** What a proposal would do. */
interface Draft {
  readonly action: ListingAction;
  readonly entryVersion: number | null;
  readonly filed: EntryFiling;
}

/** What a decision did, as it is kept with its key. */
interface Decided extends ProposalKey {
  /** The entry, and the times at which it is as the decision left it; null when nothing was done. */
  readonly entry: (Times & { readonly recordId: string }) | null;
}

type Refused = { readonly refused: Refusal };

/** That an entry is not published that should be is a filing's only other warning (ingest.ts): here the second person sees it. */
const ignore = (): void => {};

const partOf = (...names: string[]): Form => ({ kind: 'name-list', edition: nameListForm.edition, source: nameListForm.source, subject: nameListForm.subject, fields: nameListForm.fields.filter(({ name }) => names.includes(name)) });
// The subject is named by its code; no entry keeps its name.
const listingForm = partOf(...nameListForm.fields.map(({ name }) => name).filter((name) => name !== 'subjectName'));
const decisionForm = partOf('documentNo', 'legalBasis', 'removedOn', 'removalReason');
const changesForm = partOf('grounds', 'legalBasis', 'termUntil', 'publicUntil', 'disclosureLevel', 'industryCode');

/** What a filing is warned of and a decision may have: masked numbers of persons, codes that were given out before today's rules, what was not asked. Of anything else a filing keeps what it can; a person mends it. */
const TAKEN: ReadonlySet<string> = new Set(['PERSONAL_NUMBER_DROPPED', 'TELEPHONE_MASKED', 'ORGANISATION_CODE', 'DIVISION', 'CATEGORY', 'MISSING_COLUMN']);

/** Texts as every form reads them: trimmed, of their length, persons' numbers masked. @param pathOf where they stand in the input, by their names in the form */
function read(form: Form, cells: Readonly<Record<string, unknown>>, pathOf: (name: string) => readonly string[]): { readonly record: ParsedRecord } | Refused {
  const parsed = parseRow(form, { ...cells });
  const [problem] = parsed.ok ? parsed.warnings.filter(({ code }) => !TAKEN.has(code)) : parsed.problems;
  if (parsed.ok && !problem) return { record: parsed.record };
  const field = form.fields.find(({ column }) => column === problem?.column);
  return refuse(problem?.code ?? 'BAD_FORM', problem?.message ?? 'The input is not in the form.', ...(field ? pathOf(field.name) : []));
}

const unknownIndustry = (code: unknown, ...path: string[]): Refused | null =>
  typeof code === 'string' && findIndustry(code) === null ? refuse('UNKNOWN_CODE', 'There is no such industry in GB/T 4754.', ...path) : null;

/** The next version of an entry that stands: as the form would have it, and what decided it. */
const nextOf = (standing: StandingEntry, changes: ParsedRecord): EntryFiling => {
  const next = entryOf({ ...recordOf(standing), ...changes }, { additionalFields: standing.additional_fields, warn: ignore }) as EntryFiling; // it refuses a reason without a day alone
  return { ...next, record_id: standing.record_id };
};
const decidedBy = (entry: EntryFiling, by: string, { documentNo, legalBasis }: ParsedRecord): EntryFiling => ({ ...entry, content: { ...entry.content, decision: { by, documentNo, legalBasis } } });

/** The document that a proposal rests on: of a removal or correction it is another than the entry's own. */
export function documentOf({ filed }: ProposalRow): { readonly documentNo: string | null; readonly legalBasis: string | null } {
  if (filed === null) return { documentNo: null, legalBasis: null };
  const { decision, legalBasis = null } = filed.content as { decision?: { documentNo: string; legalBasis: string }; legalBasis?: string }; // written above and by the form
  return decision ?? { documentNo: filed.document_no, legalBasis };
}

export const giveProposal = (context: SubgraphContext, row: ProposalRow): ProposalRow => {
  noteSubject(context, row.uscc);
  if (row.filed !== null) noteRead(context, 'FILING', { uscc: row.uscc, id: row.record_id });
  return row;
};

export function createListing(entries: EntryRepository, workshop: Workshop) {
  const { pool, instants, rules: ruleBook, now } = workshop;
  const once = createOnce(pool, 'namelist');
  const versions = createEntryVersions(workshop);
  const proposals = createProposals(pool);
  const registered = statement('namelist.source_unit.registered', `select province, sector from namelist.source_unit where uscc = $1 and kind = 'name-list' and registered_by is not null limit 1`);

  /** The organisation that the viewer acts for. @throws UNAUTHORIZED_FIELD_OR_TYPE for a role that may not do it, or a viewer who acts for nobody; PURPOSE_REQUIRED. */
  const unitOf = ({ viewer }: SubgraphContext): string => {
    if (!may(viewer, 'listing:decide') || viewer.organisation === null) throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not change lists.');
    // Each looks at entries as they stand, which is a read.
    if (outcomeFor(viewer, 'RECORD') === 'PURPOSE') throw clientError('PURPOSE_REQUIRED', 'A list is read and changed for a purpose only: name one that your token allows in the header x-purpose.');
    return viewer.organisation;
  };

  /** Why the unit may not decide about this entry: what it may file it may decide (kit/filing/admission.ts). */
  const powerless = async (client: Client, { viewer, today }: SubgraphContext, rules: Rules, unit: string, entry: EntryFiling, path: string): Promise<Refused | null> => {
    const [scope] = await query<Scope>(client, registered, [unit]);
    const refused = notAdmitted(viewer, { ...entry, source_unit: unit }, { scope, mayBeUnregistered: rules.find('FILING', 'UNREGISTERED_UNITS_MAY_FILE', today)?.number === 1 });
    return refused && refuse(refused.code, refused.message, path);
  };

  /** The entry as it stands, where the viewer's unit may change it. @param versionPath what in the input names its version */
  const changeable = async (client: Client, context: SubgraphContext, key: EntryKey | null, version: number, path: string, versionPath: string): Promise<{ readonly standing: StandingEntry } | Refused> => {
    const standing = key && (await versions.find(client, context, key));
    if (!standing) return refuse('NOT_FOUND', 'No list entry with this id is known to you.', path);
    const { determining_unit, sector, withdrawn_on, withdrawal_reason } = standing;
    if (!mayChangeListing(context.viewer, { sector, determiningUnit: determining_unit, determiningProvince: determining_unit && provinceOfCode(determining_unit) })) return refuse('NOT_YOURS', 'Your organisation may not change this entry: another unit decided it.', path);
    if (withdrawn_on !== null && withdrawal_reason !== NOT_IN_REPLACEMENT) return moved('WITHDRAWN', `The entry was withdrawn on ${withdrawn_on}.`, path);
    if (standing.version !== version) return moved('VERSION', `The entry is at version ${standing.version} now: read it again.`, versionPath);
    return { standing };
  };

  const keyOf = (recordId: string): EntryKey | null => {
    const key = decodeId(recordId);
    return key?.kind === ENTRY ? key : null;
  };

  const show = async (context: SubgraphContext, key: ProposalKey): Promise<ProposalRow | null> => {
    const row = await proposals.find(context.viewer, key);
    return row && giveProposal(context, row);
  };

  const answered = async <Done, Answer>(answer: Once<Done, Refusal>, tell: (done: Done) => Promise<Answer>) => {
    if (answer.outcome === 'conflict') return refusedAs(sameKey);
    return answer.outcome === 'refused' ? refusedAs(answer.refusal) : tell(answer.result);
  };

  /** Keeps what is drafted until a second person decides. */
  async function propose(context: SubgraphContext, mutation: string, input: { readonly idempotencyKey: string }, subjectPath: string, draft: (client: Client, unit: string) => Promise<Draft | Refused>) {
    const { viewer } = context;
    const unit = unitOf(context);
    const rules = await ruleBook.fresh();
    const answer = await once<ProposalKey, Refusal>({ organisation: unit, mutation, key: input.idempotencyKey, input, at: now() }, async (client) => {
      const { actor } = viewer;
      if (actor === null) return refuse('ACTOR', 'Lists are changed by two persons: the token has to say who acts (claim `actor`).');
      const drafted = await draft(client, unit);
      if ('refused' in drafted) return drafted;
      const { action, entryVersion, filed } = drafted;
      const outside = await powerless(client, context, rules, unit, filed, subjectPath);
      if (outside) return outside;
      const { uscc, record_id } = filed;
      const [id, at] = [randomUUID(), now().toISOString()];
      await proposals.insert(client, { id, uscc, record_id, action, entry_version: entryVersion, unit, filed, proposed_by_actor: actor, proposed_at: at });
      await auditChange(client, viewer, { recordedAt: at, filingId: null, schema: 'namelist', action: mutation, ...(entryVersion === null ? null : { record: { uscc, recordId: record_id, version: entryVersion } }), rows: 0, details: { proposal: id } });
      return { done: { uscc, id } };
    });
    return answered(answer, async (key) => ({ __typename: 'ListingProposed' as const, proposal: await show(context, key) }));
  }

  return {
    proposals,

    propose: (context: SubgraphContext, input: ProposeListingInput) =>
      propose(context, 'proposeListing', input, 'subject', async (client, unit) => {
        const { idempotencyKey: _, subject, authorityName, ...rest } = input;
        const cells = { ...rest, subjectUscc: subject, authorityName, authorityUscc: unit, sourceUnitName: authorityName, sourceUnitUscc: unit };
        const parsed = read(listingForm, cells, (name) => [{ subjectUscc: 'subject', sourceUnitName: 'authorityName' }[name] ?? name]);
        if ('refused' in parsed) return parsed;
        const { record } = parsed;
        const stranger = unknownIndustry(record['industryCode'], 'industryCode');
        if (stranger) return stranger;
        if (input.listedOn > context.today) return refuse('BAD_PERIOD', `An entity is listed today at the latest, not on ${input.listedOn}.`, 'listedOn');
        if (!listTypesOn(input.listedOn).some(({ code }) => code === record['listType'])) return refuse('NOT_IN_FORCE', `There was no list ${String(record['listType'])} on ${input.listedOn}: \`nameListTypes\` has those of a day.`, 'listType');
        for (const end of ['termUntil', 'publicUntil']) if ((textOf(record, end) ?? context.today) < context.today) return refuse('BAD_PERIOD', 'It would have ended before today.', end);
        const filed = entryOf(record, { additionalFields: null, warn: ignore }) as EntryFiling; // as in nextOf
        if (await versions.exists(client, { uscc: filed.uscc, recordId: filed.record_id })) return listed('documentNo');
        return { action: 'LIST', entryVersion: null, filed };
      }),

    remove: (context: SubgraphContext, input: RemoveListingInput) =>
      propose(context, 'removeListing', input, 'recordId', async (client, unit) => {
        const found = await changeable(client, context, keyOf(input.recordId), input.expectedVersion, 'recordId', 'expectedVersion');
        if ('refused' in found) return found;
        const { standing } = found;
        if (standing.removed_on !== null) return moved('REMOVED', `The entry left its list on ${standing.removed_on}.`, 'recordId');
        const { documentNo, legalBasis, removedOn, reason } = input;
        const parsed = read(decisionForm, { documentNo, legalBasis, removedOn, removalReason: reason }, (name) => [name === 'removalReason' ? 'reason' : name]);
        if ('refused' in parsed) return parsed;
        const { record } = parsed;
        if (textOf(record, 'removalReason') === null) return refuse('MISSING', 'Say why the entry leaves its list.', 'reason');
        if (removedOn < standing.listed_on || removedOn > context.today) return refuse('BAD_PERIOD', `An entry of ${standing.listed_on} can leave its list from that day to today, not on ${removedOn}.`, 'removedOn');
        const next = nextOf(standing, { removedOn: record['removedOn'], removalReason: record['removalReason'] });
        return { action: 'REMOVE', entryVersion: standing.version, filed: decidedBy(next, unit, record) };
      }),

    correct: (context: SubgraphContext, input: CorrectListingInput) =>
      propose(context, 'correctListing', input, 'recordId', async (client, unit) => {
        const found = await changeable(client, context, keyOf(input.recordId), input.expectedVersion, 'recordId', 'expectedVersion');
        if ('refused' in found) return found;
        const { standing } = found;
        const { documentNo, legalBasis } = input;
        const document = read(decisionForm, { documentNo, legalBasis }, (name) => [name]);
        if ('refused' in document) return document;
        const cells = Object.fromEntries(Object.entries(input.changes).filter(([, value]) => value !== undefined));
        const parsed = read(changesForm, cells, (name) => ['changes', name]);
        if ('refused' in parsed) return parsed;
        const stranger = unknownIndustry(parsed.record['industryCode'], 'changes', 'industryCode');
        if (stranger) return stranger;
        for (const end of ['termUntil', 'publicUntil']) if ((textOf(parsed.record, end) ?? standing.listed_on) < standing.listed_on) return refuse('BAD_PERIOD', `It would have ended before the day of listing, ${standing.listed_on}.`, 'changes', end);
        const next = nextOf(standing, Object.fromEntries(Object.keys(cells).map((name) => [name, parsed.record[name]])));
        if (versions.isSame(next, nextOf(standing, {}))) return refuse('UNCHANGED', 'The entry says all that already.', 'changes');
        return { action: 'CORRECT', entryVersion: standing.version, filed: decidedBy(next, unit, document.record) };
      }),

    async decide(context: SubgraphContext, input: DecideListingInput) {
      const { viewer, today } = context;
      const unit = unitOf(context);
      const rules = await ruleBook.fresh();
      const answer = await once<Decided, Refusal>({ organisation: unit, mutation: 'decideListing', key: input.idempotencyKey, input, at: now() }, async (client) => {
        const key = decodeId(input.id);
        const proposal = key?.kind === PROPOSAL ? await proposals.take(client, viewer, { uscc: key.uscc, id: key.recordId }) : null;
        if (!proposal) return refuse('NOT_FOUND', 'Your organisation has no proposal with this id.', 'id');
        const { id, uscc, record_id, entry_version, filed, proposed_by_actor } = proposal;
        if (filed === null) return moved('DECIDED', `This was ${proposal.state.toLowerCase()} before: propose it anew.`, 'id');
        const { actor } = viewer;
        if (actor === null || actor === proposed_by_actor) return refuse('SECOND_PERSON', 'Who proposed does not decide: another person has to (claim `actor` of the token).', 'id');
        if (proposal.version !== input.expectedVersion) return moved('VERSION', `The proposal is at version ${proposal.version}: read it again.`, 'expectedVersion');
        const audited = { filingId: null, schema: 'namelist', action: 'decideListing', details: { proposal: id, approved: input.approve, proposedBy: proposed_by_actor } } as const;
        const close = (state: 'APPROVED' | 'REJECTED') => proposals.close(client, proposal, { state, by: actor, at: now().toISOString() });
        if (!input.approve) {
          await close('REJECTED');
          await auditChange(client, viewer, { ...audited, recordedAt: now().toISOString(), rows: 0 });
          return { done: { uscc, id, entry: null } };
        }
        const outside = await powerless(client, context, rules, unit, filed, 'id');
        if (outside) return outside;
        // Whoever writes entries holds the clock: what is found from here on stands until the commit.
        const recordedAt = await instants.stamp(client);
        let standing: StandingEntry | null = null;
        if (entry_version === null) {
          if (await versions.exists(client, { uscc, recordId: record_id })) return listed('id');
        } else {
          const found = await changeable(client, context, { uscc, recordId: record_id }, entry_version, 'id', 'id');
          if ('refused' in found) return found;
          standing = found.standing;
        }
        const version = await versions.write(client, filed, standing, { recordedAt, rules, unit });
        await close('APPROVED');
        await auditChange(client, viewer, { ...audited, recordedAt, record: { uscc, recordId: record_id, version }, rows: 1 });
        return { done: { uscc, id, entry: { recordId: record_id, validAt: today, knownAt: recordedAt } } };
      });
      return answered(answer, async ({ entry, ...key }) => {
        let row: EntryRow | null = null;
        if (entry) row = await entries.loadEntry(context, { ...entry, uscc: key.uscc });
        return { __typename: 'ListingDecided' as const, proposal: await show(context, key), entry: row && entry && give(context, row, { validAt: entry.validAt, knownAt: entry.knownAt }) };
      });
    },
  };
}

const listed = (path: string) => moved('EXISTS', 'There is an entry of this document already: correct it, or remove it.', path);
