import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { provinceOfCode } from '#kit/filing/admission.ts';
import { encodeId } from '#kit/records.ts';
import type { RuleBook } from '#kit/ruleBook.ts';
import { promisedDelayHoursOn } from '#kit/sourceUnits.ts';
import type { RowOutcome } from '#kit/subgraph.ts';
import { may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { fieldOutcome } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { provinces, XPCC } from '#standards/divisions.ts';
import { findIndustry } from '#standards/industry.ts';
import { sourceOf } from '../filings.ts';
import { SubgraphUnavailable } from '../plan/transport.ts';
import type { Source, SourceBook } from '../sources.ts';
import { conflict, forbidden, invalid } from './answers.ts';
import { filingKinds } from './filingKinds.ts';
import type { DeskRepository, FilingRow } from './repository.ts';
import type { Filing, FileRecordsInput, QuerySourceUnitsArgs, RegisterSourceUnitsInput } from './resolvers.generated.ts';

// Units that file, and rows filed over the API: both are handed to the subgraph that keeps the kind.

export interface UnitsAndRowsParts {
  readonly repository: DeskRepository;
  /** Those that keep the kinds of filing. */
  readonly sources: readonly Source[];
  readonly book: SourceBook;
  readonly rules: RuleBook;
  readonly now: () => Date;
  readonly showFiling: (row: FilingRow) => Filing;
}

interface Asker {
  readonly viewer: Viewer;
}

/** The type of what waits for a second person, as its id carries it (subgraphs/namelist/listing.ts). */
const PROPOSAL = 'ListingProposal';

const MAX_ROWS = 1000;
const MAX_UNITS = 1000;
const HOURS_OF_A_YEAR = 366 * 24;

const unknownKind = (kind: string, path: string[]) => invalid('UNKNOWN_KIND', `There is no filing of kind "${kind.slice(0, 40)}"; known are ${Object.keys(filingKinds).join(', ')}.`, path);
const isProvince = (code: string): boolean => code === XPCC.code || provinces.some((province) => province.code === code);

/** The record's id in the graph; an entity has none. */
const graphIdOf = (kind: string, { uscc, recordId }: { readonly uscc: string; readonly recordId: string }): string | null => {
  const type = filingKinds[kind]?.type ?? null;
  return type && encodeId(type, uscc, recordId);
};

export function createUnitsAndRows({ repository, sources, book, rules, now, showFiling }: UnitsAndRowsParts) {
  const filedRow = (kind: string, { row, outcome, record, proposal, problems }: RowOutcome) => ({
    row,
    outcome,
    recordId: record && graphIdOf(kind, record),
    version: record?.version ?? null,
    proposalId: proposal ? encodeId(PROPOSAL, proposal.uscc, proposal.id) : null,
    problems,
  });

  /** The batch's one part: recorded now, or what was recorded of it before. */
  const recordBatch = async (viewer: Viewer, filing: FilingRow, rows: FileRecordsInput['rows']): Promise<readonly RowOutcome[]> => {
    const recorded = await repository.findPart(filing, 1);
    if (recorded) return recorded.rowOutcomes ?? [];
    const bytes = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
    const outcome = await sourceOf(sources, filing.kind).file(viewer, { filingId: filing.id, number: 1, kind: filing.kind, format: 'NDJSON', wantsRows: true }, Readable.from([bytes]));
    await repository.savePart(viewer, filing.id, 1, createHash('sha256').update(bytes).digest(), outcome);
    return outcome.rowOutcomes ?? [];
  };

  const reachOf = (unit: string) => ({ uscc: unit, province: provinceOfCode(unit), units: [unit] });

  return {
    Query: {
      /** @throws UNAUTHORIZED_FIELD_OR_TYPE unless the unit is the viewer's own, of its province, or the viewer sees all. */
      async sourceUnits(_: unknown, { unit }: QuerySourceUnitsArgs, { viewer }: Asker) {
        if (outcomeFor(viewer, 'REPORT') !== 'ALLOW' && fieldOutcome(viewer, 'REPORT', reachOf(unit)) !== 'SHOW') throw forbidden();
        const found = await Promise.all(sources.map(async (source) => (await source.unitsOf(viewer, unit)).map((each) => ({ ...each, unit: each.uscc, source: source.name }))));
        return found.flat();
      },
    },
    Mutation: {
      async fileRecords(_: unknown, { input }: { readonly input: FileRecordsInput }, { viewer }: Asker) {
        if (!may(viewer, 'filing:create')) throw forbidden();
        const { kind, rows } = input;
        if (!Object.hasOwn(filingKinds, kind)) return unknownKind(kind, ['input', 'kind']);
        if (rows.length < 1 || rows.length > MAX_ROWS) return invalid('TOO_MANY', `A batch has 1 to ${MAX_ROWS} rows; more are filed in parts (createFiling).`, ['input', 'rows']);
        const opened = await repository.openBatch(viewer, input);
        if (opened.outcome === 'conflict') return conflict();
        const filing = await repository.findFiling(viewer, opened.result);
        if (!filing) throw new SubgraphUnavailable('the batch was opened and is not there');
        const outcomes = await recordBatch(viewer, filing, rows);
        await repository.completeFiling(viewer, { idempotencyKey: filing.id, id: filing.id });
        await book.refresh(); // whoever filed sees it in the next query
        const completed = await repository.findFiling(viewer, filing.id);
        return { __typename: 'RecordsFiled' as const, filing: completed && showFiling(completed), rows: outcomes.map((row) => filedRow(kind, row)) };
      },

      async registerSourceUnits(_: unknown, { input }: { readonly input: RegisterSourceUnitsInput }, { viewer }: Asker) {
        if (!may(viewer, 'unit:register')) throw forbidden();
        const { units } = input;
        if (units.length < 1 || units.length > MAX_UNITS) return invalid('TOO_MANY', `1 to ${MAX_UNITS} units are registered at once.`, ['input', 'units']);
        const byRule = promisedDelayHoursOn(await rules.fresh(), shanghaiDay(now()));
        for (const [index, { kind, province, sector, promisedDelayHours }] of units.entries()) {
          const at = ['input', 'units', String(index)];
          if (!Object.hasOwn(filingKinds, kind)) return unknownKind(kind, [...at, 'kind']);
          if (province && !isProvince(province)) return invalid('UNKNOWN_CODE', `"${province.slice(0, 10)}" is no province: two digits of GB/T 2260, ${XPCC.code} for ${XPCC.name}.`, [...at, 'province']);
          if (sector && findIndustry(sector)?.section !== sector) return invalid('UNKNOWN_CODE', `"${sector.slice(0, 10)}" is no sector: a letter of GB/T 4754.`, [...at, 'sector']);
          const hours = promisedDelayHours ?? byRule;
          if (hours === null || hours < 1 || hours > HOURS_OF_A_YEAR) return invalid('HOURS', `A promised delay is 1 to ${HOURS_OF_A_YEAR} hours${hours === null ? '; no rule in force gives one' : ''}.`, [...at, 'promisedDelayHours']);
        }
        const registered = await repository.register(viewer, input, async () => {
          const bySource = Map.groupBy(units, ({ kind }) => filingKinds[kind]?.source ?? '');
          for (const [name, some] of bySource) {
            await sources.find((source) => source.name === name)?.registerUnits(
              viewer,
              some.map(({ unit, kind, name: called, province, sector, promisedDelayHours }) => ({ uscc: unit, kind, name: called ?? null, province: province ?? null, sector: sector ?? null, promisedDelayHours: promisedDelayHours ?? byRule ?? 0 })),
            );
          }
          return String(units.length);
        });
        if (registered.outcome === 'conflict') return conflict();
        await book.refresh();
        return { __typename: 'SourceUnitsRegistered' as const, count: Number(registered.result) };
      },
    },
  };
}
