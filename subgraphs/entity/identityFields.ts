import type { SubgraphContext } from '#kit/context.ts';
import { person, visibleValue } from '#kit/fields.ts';
import { factConflictOf, reachOf } from '#records/recordFields.ts';
import { divisionFullName } from '#standards/divisions.ts';
import { findIndustry } from '#standards/industry.ts';
import { address } from './address.ts';
import type { EntityState } from './lookups.ts';
import type { ProfileRepository } from './repository.ts';
import type { EntityStatus } from './resolvers.generated.ts';

/** Creates the resolvers of identity, the same for `Entity` and `EntityProfile`. */
export const createIdentityFields = (profiles: ProfileRepository) => ({
  name: ({ row }: EntityState) => row.content.name,
  // The form has the day of closing but not the state before it. Until that day the entity was in operation.
  status: ({ row, validAt }: EntityState): EntityStatus =>
    row.content.closedOn !== undefined && validAt < row.content.closedOn ? 'ACTIVE' : row.status,
  kind: ({ row }: EntityState) => row.kind,
  factConflict: ({ row }: EntityState) => factConflictOf(row),
  industry: ({ row: { content } }: EntityState) =>
    content.industryCode === undefined
      ? null
      : { code: content.industryCode, name: findIndustry(content.industryCode)?.name ?? null },
  registeredDivision: ({ row: { content } }: EntityState) =>
    content.divisionCode === undefined
      ? null
      : { code: content.divisionCode, name: divisionFullName(content.divisionCode) },
  establishedOn: ({ row }: EntityState) => row.content.establishedOn ?? null,
  address: ({ row }: EntityState, _: unknown, context: SubgraphContext) => address(context, reachOf(row), row),
  phone: ({ row }: EntityState, _: unknown, context: SubgraphContext) =>
    visibleValue(context, 'CONTACT', reachOf(row), row.content.phone ?? null),
  identifiers: ({ row }: EntityState) => row.content.identifiers ?? [],
  formerNames: ({ row, validAt, knownAt }: EntityState, _: unknown, context: SubgraphContext) =>
    profiles.loadFormerNames(
      context,
      { uscc: row.uscc, validAt, knownAt },
      (row.content.formerNames ?? []).filter((name) => name !== row.content.name),
    ),
  legalRepresentative: ({ row }: EntityState, _: unknown, context: SubgraphContext) =>
    person(context, reachOf(row), row.content.legalRepresentative ?? null),
});
