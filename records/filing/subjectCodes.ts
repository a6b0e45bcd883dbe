import { isGivenInLists } from '#policy/bulk.ts';
import type { Viewer } from '#policy/viewer.ts';
import { columnOf, type Form, type ParsedRecord, type RowProblem, subjectFields } from '#standards/forms/form.ts';
import type { RowResult } from '#standards/forms/parse.ts';
import { derivedIdentifiers, type Identifier } from '#standards/identifierSchemes.ts';
import type { EntityRegister } from './entityRegister.ts';
import type { NumberedResult } from './parsedRows.ts';

// Rows that name their subject by an older identifier alone are filed under the code that it resolves to.

/** An older identifier in a row. */
interface FiledIdentifier extends Identifier {
  readonly column: string;
  readonly label: string;
}

/** A row that was read, and names its subject without a code. */
interface CodelessRow {
  readonly result: RowResult & { readonly ok: true };
  readonly identifiers: readonly FiledIdentifier[];
}

export type ResolveSubjects = (
  viewer: Viewer,
  results: readonly NumberedResult[],
  today: string,
) => Promise<readonly NumberedResult[]>;

/**
 * Creates the resolution of subjects. Rows that have a code cost nothing; the identifiers of the others are looked up
 * together. It answers nothing that the filer could not learn by `resolveIdentifier`: entities that everybody may see
 * and, of self-employed businesses, only for viewers who receive them in lists.
 */
export function createSubjectResolution(register: EntityRegister, form: Form): ResolveSubjects {
  const fields = subjectFields(form).flatMap(({ name, column, label, scheme }) =>
    scheme === undefined ? [] : [{ name, column, label, scheme }],
  );
  const identifiersIn = (record: ParsedRecord): FiledIdentifier[] =>
    fields.flatMap(({ name, ...field }) => {
      const value = record[name];
      return typeof value === 'string' ? [{ ...field, value }] : [];
    });

  return async (viewer, results, today) => {
    const codeless = new Map<NumberedResult, CodelessRow>();
    for (const each of results)
      if (each.result.ok && each.result.record[form.subject] === null)
        codeless.set(each, { result: each.result, identifiers: identifiersIn(each.result.record) });
    if (codeless.size === 0) return results;

    const asked = new Map<string, Identifier>();
    for (const { identifiers } of codeless.values())
      for (const derived of identifiers.flatMap(derivedIdentifiers)) asked.set(keyOf(derived), derived);
    const bearers = await register.bearersOf([...asked.values()], today);
    const given = Map.groupBy(
      bearers.filter(({ uscc }) => isGivenInLists(viewer, uscc)),
      keyOf,
    );
    const codesOf = (identifier: Identifier): readonly string[] => [
      ...new Set(
        derivedIdentifiers(identifier).flatMap((each) => given.get(keyOf(each))?.map(({ uscc }) => uscc) ?? []),
      ),
    ];
    return results.map((each) => {
      const row = codeless.get(each);
      return row ? { ...each, result: resolved(form, row, codesOf) } : each;
    });
  };
}

const keyOf = ({ scheme, value }: Identifier): string => `${scheme} ${value}`;

/** The row under the one code that all its known identifiers name, with a warning; or why it is refused. */
function resolved(
  form: Form,
  { result, identifiers }: CodelessRow,
  codesOf: (identifier: Identifier) => readonly string[],
): RowResult {
  const known = identifiers.map((identifier) => ({ identifier, codes: codesOf(identifier) }));
  const named = known.filter(({ codes }) => codes.length > 0);
  const [first, ...others] = named;
  if (first === undefined)
    return refused(form, 'MISSING', `${enumerate(identifiers.map(nameOf))} names no entity in the register.`);
  const agreed = first.codes.filter((uscc) => others.every(({ codes }) => codes.includes(uscc)));
  const [uscc, ...further] = agreed;
  if (uscc === undefined || further.length > 0)
    return refused(
      form,
      'AMBIGUOUS',
      `${named.map(({ identifier, codes }) => `${nameOf(identifier)} names ${enumerate(codes)}`).join('; ')}.`,
    );
  const warning: RowProblem = {
    column: first.identifier.column,
    code: 'RESOLVED',
    message: `The row has no code: ${enumerate(named.map(({ identifier }) => nameOf(identifier)))} names ${uscc}.`,
  };
  return {
    ...result,
    record: { ...result.record, [form.subject]: uscc },
    warnings: [...result.warnings, warning],
  };
}

const refused = (form: Form, code: 'MISSING' | 'AMBIGUOUS', message: string): RowResult => ({
  ok: false,
  problems: [
    {
      column: columnOf(form, form.subject),
      code,
      message: `${message} File the row with the subject’s Unified Social Credit Code (统一社会信用代码).`,
    },
  ],
});

/** The tax number of a self-employed person may be the person’s own number. */
const nameOf = ({ scheme, label, value }: FiledIdentifier): string =>
  scheme === 'TAX_NUMBER' && /^\d+$/.test(value) ? label : `${label} ${value}`;

const MAX_LISTED = 5;
const enumerate = (texts: readonly string[]): string =>
  texts.length > MAX_LISTED
    ? `${texts.slice(0, MAX_LISTED).join(', ')} and ${texts.length - MAX_LISTED} more`
    : texts.join(', ');
