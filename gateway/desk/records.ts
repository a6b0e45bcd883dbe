import type { Moment } from '#kit/context.ts';
import { clientError, notFound } from '#kit/errors.ts';
import { decodeId, encodeId } from '#kit/records.ts';
import type { SourceBook } from '../sources.ts';
import type { QueryRecordArgs, ResolversInterfaceTypes } from './resolvers.generated.ts';

/** What an unknown record is called in its NOT_FOUND: alike whether there is none, the viewer may not see it, or the id is none. */
export const RECORD = 'This record';

type RecordType = NonNullable<ResolversInterfaceTypes<never>['CreditRecord']['__typename']>;

/** The types of record there are; a type of the SDL that is missing here does not compile. */
const recordTypes: Record<RecordType, true> = {
  AdministrativeLicence: true,
  AdministrativePenalty: true,
  AdministrativeCompulsion: true,
  AdministrativeConfirmation: true,
  AdministrativeLevy: true,
  AdministrativePayment: true,
  AdministrativeAdjudication: true,
  AdministrativeCompensation: true,
  AdministrativeReward: true,
  AdministrativeInspection: true,
  CreditCommitment: true,
  JudicialRecord: true,
  ConsumerComplaint: true,
  VoluntaryItem: true,
  NameListEntry: true,
  Evaluation: true,
};

const isRecordType = (kind: string): kind is RecordType => Object.hasOwn(recordTypes, kind);

/**
 * `Query.record`: reads the id and fixes the two times. The rest, and whether there is such a record for this viewer, is asked of the
 * subgraph that owns it, in the plan: gateway/graph.ts asks for its existence with every one.
 */
export const createRecordRoot = (sources: SourceBook) => ({
  /** @throws NOT_FOUND for what is no id of a record; KNOWN_AT_TOO_LATE for an instant that is not sealed in all sources. */
  async record(_: unknown, { id, validAt, knownAt }: QueryRecordArgs, { moment }: { readonly moment: Moment }) {
    const at = { validAt: validAt ?? moment.validAt, knownAt: knownAt ?? moment.knownAt };
    if (at.knownAt > moment.knownAt) {
      await sources.refresh();
      const sealed = await sources.sealed();
      if (at.knownAt > sealed) throw clientError('KNOWN_AT_TOO_LATE', `What was known at ${at.knownAt} is not settled yet.`, { argument: 'knownAt', expected: `an instant up to ${sealed}` });
    }
    const key = decodeId(id);
    // Only as `encodeId` writes it: base64 has other spellings of the same bytes.
    if (!key || !isRecordType(key.kind) || encodeId(key.kind, key.uscc, key.recordId) !== id) throw notFound(RECORD);
    return { __typename: key.kind, id, ...at } as ResolversInterfaceTypes<never>['CreditRecord']; // a stub of any of the types is alike
  },
});
