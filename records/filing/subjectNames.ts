import { isGivenInLists } from '#policy/bulk.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { RejectedRow } from '#records/subgraph.ts';
import { searchable } from '#standards/names.ts';
import type { EntityRegister, NamedCode, OtherNames } from './entityRegister.ts';

// Whether a row means the entity that its code names: the name in the row against the names in the register.

/** The subject of a row that is judged and not yet recorded. */
export interface FiledSubject extends NamedCode {
  /** The row's number in the part. */
  readonly number: number;
}

export interface NameWarning {
  readonly row: FiledSubject;
  readonly problem: RejectedRow['problems'][number];
}

export type NameCheck = (
  viewer: Viewer,
  subjects: readonly FiledSubject[],
  today: string,
) => Promise<readonly NameWarning[]>;

/** Longest name that a warning repeats, in characters: that of the forms. */
const MAX_SHOWN = 200;
const cut = (name: string): string => (name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name);

/** A name as it is compared: what nobody sees in it makes no other name. */
const comparable = (name: string): string => searchable(name).replace(/[\u200b-\u200d\u2060]/g, '');

/**
 * Creates the check of names. It asks once for all subjects, each name of a code once, and about self-employed
 * businesses only for viewers who receive them in lists: a file is a list of codes.
 * @param column the form's column of the subject's name
 */
export function createNameCheck(register: EntityRegister, column: string): NameCheck {
  return async (viewer, subjects, today) => {
    const rows = new Map<string, FiledSubject[]>();
    const asked: NamedCode[] = [];
    for (const row of subjects) {
      if (!isGivenInLists(viewer, row.uscc)) continue;
      const name = comparable(row.name);
      const key = `${row.uscc}${name}`;
      const known = rows.get(key);
      if (known) known.push(row);
      else {
        rows.set(key, [row]);
        asked.push({ uscc: row.uscc, name });
      }
    }
    if (asked.length === 0) return [];
    const others = (await register.otherNames(asked, today)).filter(isOther);
    return others.flatMap(({ uscc, name, registered }) =>
      (rows.get(`${uscc}${name}`) ?? []).map((row) => ({
        row,
        problem: {
          column,
          code: 'SUBJECT_NAME',
          message:
            `The row names ${uscc} ${cut(row.name)}, and the register ${cut(registered)}; ` +
            'it was never called otherwise there. Is it the right code?',
        },
      })),
    );
  };
}

const isOther = ({ name, former }: OtherNames): boolean => former.every((each) => comparable(each) !== name);
