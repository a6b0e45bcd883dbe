import type { RuleStore } from '#records/ruleStore.ts';
import { promisedDelayHoursOn } from '#records/sourceUnits.ts';
import { conflict, forbidden, invalid } from '#kit/refusals.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { fieldOutcome } from '#policy/rows.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { provinceOfCode, provinces, XPCC } from '#standards/divisions.ts';
import { findIndustry } from '#standards/industry.ts';
import { findKeeper, keeperOf, unknownKind } from '#gateway/filings/filingKinds.ts';
import type { Source, SourceRegistry } from '#gateway/graph/sources.ts';
import type { UnitRepository } from './repository.ts';
import type { Resolvers, ResolversParentTypes } from './resolvers.generated.ts';

export interface UnitParts {
  readonly units: UnitRepository;
  /** The sources that keep the kinds of filing. */
  readonly keepers: readonly Source[];
  readonly sources: SourceRegistry;
  readonly rules: RuleStore;
  readonly now: () => Date;
}

const MAX_UNITS = 1000;
const HOURS_OF_A_YEAR = 366 * 24;

const isProvince = (code: string): boolean =>
  code === XPCC.code || provinces.some((province) => province.code === code);

/** Units that file: each is registered with the subgraph that keeps the kind. */
export function createUnitResolvers({
  units: repository,
  keepers,
  sources,
  rules,
  now,
}: UnitParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const reachOf = (unit: string) => ({ uscc: unit, province: provinceOfCode(unit), units: [unit] });

  return {
    Query: {
      /**
       * @throws UNAUTHORIZED_FIELD_OR_TYPE unless the unit is the viewer's own, of its province, or the viewer sees
       * all.
       */
      async sourceUnits(_, { unit }, { viewer }) {
        if (outcomeFor(viewer, 'REPORT') !== 'ALLOW' && fieldOutcome(viewer, 'REPORT', reachOf(unit)) !== 'SHOW')
          throw forbidden();
        const found = await Promise.all(
          keepers.map(async (source) =>
            (await source.unitsOf(viewer, unit)).map((each) => ({ ...each, unit: each.uscc, source: source.name })),
          ),
        );
        return found.flat();
      },
    },
    Mutation: {
      async registerSourceUnits(_, { input }, { viewer }) {
        if (!may(viewer, 'unit:register')) throw forbidden();
        const { units } = input;
        if (units.length < 1 || units.length > MAX_UNITS)
          return invalid('TOO_MANY', `1 to ${MAX_UNITS} units are registered at once.`, ['input', 'units']);
        const byRule = promisedDelayHoursOn(await rules.fresh(), shanghaiDay(now()));
        for (const [index, { kind, province, sector, promisedDelayHours }] of units.entries()) {
          const at = ['input', 'units', String(index)];
          if (!findKeeper(keepers, kind)) return unknownKind(keepers, kind, [...at, 'kind']);
          if (province && !isProvince(province))
            return invalid(
              'UNKNOWN_CODE',
              `"${province.slice(0, 10)}" is no province: two digits of GB/T 2260, ${XPCC.code} for ${XPCC.name}.`,
              [...at, 'province'],
            );
          if (sector && findIndustry(sector)?.section !== sector)
            return invalid('UNKNOWN_CODE', `"${sector.slice(0, 10)}" is no sector: a letter of GB/T 4754.`, [
              ...at,
              'sector',
            ]);
          const hours = promisedDelayHours ?? byRule;
          if (hours === null || hours < 1 || hours > HOURS_OF_A_YEAR)
            return invalid(
              'HOURS',
              `A promised delay is 1 to ${HOURS_OF_A_YEAR} hours` +
                `${hours === null ? '; no rule in force gives one' : ''}.`,
              [...at, 'promisedDelayHours'],
            );
        }
        const registered = await repository.register(viewer, input, async () => {
          const byKeeper = Map.groupBy(units, ({ kind }) => keeperOf(keepers, kind));
          for (const [keeper, kept] of byKeeper) {
            await keeper.registerUnits(
              viewer,
              kept.map(({ unit, kind, name, province, sector, promisedDelayHours }) => ({
                uscc: unit,
                kind,
                name: name ?? null,
                province: province ?? null,
                sector: sector ?? null,
                promisedDelayHours: promisedDelayHours ?? byRule ?? 0,
              })),
            );
          }
          return String(units.length);
        });
        if (registered.outcome === 'conflict') return conflict();
        await sources.refresh();
        return { __typename: 'SourceUnitsRegistered' as const, count: Number(registered.result) };
      },
    },
  };
}
