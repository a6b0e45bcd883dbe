import type { SubgraphContext } from '#kit/context.ts';
import { clientError } from '#kit/errors.ts';
import { visibleValue } from '#kit/fields.ts';
import { contentField, formField, organisation, reachOf, recordFields, recordRead } from '#records/recordFields.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { type Action, may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { DisclosureLevel } from '#policy/scope.ts';
import { type Answer, createDeclarations } from './declarations.ts';
import { refusedAs, sameKey } from '#kit/refusals.ts';
import type { VoluntaryRow } from './repository.ts';
import type { Resolvers } from './resolvers.generated.ts';

/** Items that entities declare about themselves (国办发〔2019〕35号 第五条). */
export const voluntaryItemFields = {
  ...recordFields<VoluntaryRow>(() => 'VoluntaryItem'),
  selfDeclared: () => true,
  itemNo: (row: VoluntaryRow) => row.item_no || null, // blank once erased
  title: formField('title'),
  content: formField('content'),
  declaredOn: (row: VoluntaryRow) => row.day,
  verification: (row: VoluntaryRow) => row,
  authorisation: (row: VoluntaryRow) => row,
};

export const verificationFields = {
  status: (row: VoluntaryRow) => row.verification,
  askedOf: (row: VoluntaryRow) => organisation(null, row.determining_unit),
  by: (row: VoluntaryRow) => organisation(null, row.verified_by),
  on: (row: VoluntaryRow) => row.verified_on,
  /** Read in any sector and province by the unit that was asked to verify the item, and by the one that did. */
  evidence: (row: VoluntaryRow, _: unknown, context: SubgraphContext) =>
    visibleValue(
      context,
      'REMARK',
      { ...reachOf(row), verifiers: [row.determining_unit, row.verified_by] },
      contentField(row, 'evidence'),
    ),
};

// The authorisation of a row is written by declarations.ts alone.
const authorised =
  <Value>(name: string) =>
  (row: VoluntaryRow) =>
    (contentField<Readonly<Record<string, unknown>>>(row, 'authorisation')?.[name] ?? null) as Value | null;

export const authorisationFields = {
  disclosureLevel: authorised<DisclosureLevel>('disclosureLevel'),
  purposes: authorised<readonly string[]>('purposes'),
  until: authorised<string>('until'),
};

export function createVoluntaryMutations(runtime: SubgraphRuntime) {
  const declarations = createDeclarations(runtime);

  /**
   * @throws UNAUTHORIZED_FIELD_OR_TYPE for a role that may not do it, or a viewer that acts for no organisation;
   * PURPOSE_REQUIRED
   */
  const actorOf = ({ viewer }: SubgraphContext, action: Action): string => {
    if (!may(viewer, action) || viewer.organisation === null)
      throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your role may not do this.');
    // Each of these mutations reads the current item, so the rules of reading apply.
    if (outcomeFor(viewer, 'RECORD') === 'PURPOSE')
      throw clientError(
        'PURPOSE_REQUIRED',
        'A declared item is read and changed for a purpose only: ' +
          'name one that your token allows in the header x-purpose.',
      );
    return viewer.organisation;
  };
  const answered = async <Name extends string>(context: SubgraphContext, name: Name, answer: Answer) => {
    if (answer.outcome === 'conflict') return refusedAs(sameKey);
    if (answer.outcome === 'refused') return refusedAs(answer.refusal);
    const row = await declarations.show(context, answer.result);
    return { __typename: name, item: row && recordRead(context, row) };
  };

  return {
    declareInformation: async (_, { input }, context) =>
      answered(
        context,
        'InformationDeclared',
        await declarations.declare(context, actorOf(context, 'information:declare'), input),
      ),
    verifyInformation: async (_, { input }, context) =>
      answered(
        context,
        'InformationVerified',
        await declarations.verify(context, actorOf(context, 'filing:create'), input),
      ),
    withdrawInformation: async (_, { input }, context) =>
      answered(
        context,
        'InformationWithdrawn',
        await declarations.withdraw(context, actorOf(context, 'information:declare'), input),
      ),
  } satisfies Resolvers['Mutation'];
}
