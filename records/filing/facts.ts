import type { RecordTable } from './record.ts';

// What a row states about its subject, and in what two rows contradict each other (国办发〔2019〕35号 第十四条).

/** Names of what a row states, to what it states. A field that a row leaves out it does not state. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * Fields of any form that are about the record and not about its subject, or are written in many ways: two sources may
 * differ in them without contradicting each other.
 */
const NOT_FACTS = [
  'disclosureLevel',
  'remark',
  'subjectName',
  'documentNo',
  'caseNo',
  'commitmentNo',
  'complaintNo',
  'authorityName',
  'courtName',
  'acceptedByName',
  'handledByName',
  'ownSiteOn',
  'publicUntil',
  'identifiers',
  'formerNames',
];

const inCamelCase = (column: string): string => column.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** SQL: the facts of a row as jsonb. Columns of the table have the name of their field. */
export function factsOf<Own extends string>(table: RecordTable<Own>, row: string): string {
  const { columns = [], content = [], added } = table.computed ?? {};
  const left = new Set([...NOT_FACTS, ...content, ...(added?.content ?? [])]);
  const own = table.columns.filter((column) => !columns.includes(column) && !left.has(inCamelCase(column)));
  const pairs = own.map((column) => `'${inCamelCase(column)}', ${row}.${column}`);
  // Null is a statement of its own where a column says when something ended.
  const ends = table.feed && 'removedOn' in table.feed ? table.feed.removedOn : null;
  const stated = [
    `jsonb_strip_nulls(jsonb_build_object('validTo', ${row}.valid_to${pairs.map((pair) => `, ${pair}`).join('')}))`,
    ...(ends === null ? [] : [`jsonb_build_object('${inCamelCase(ends)}', ${row}.${ends})`]),
  ];
  return `((${row}.content - array[${[...left].map((name) => `'${name}'`).join(', ')}]) || ${stated.join(' || ')})`;
}

/** A text without what differs between two ways of writing it: width, case, spaces and punctuation; 1.5 is not 15. */
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll(/\s|(?!\.)\p{P}/gu, '')
    .toUpperCase();

const same = (one: unknown, other: unknown): boolean => plainly(one) === plainly(other);
const plainly = (value: unknown): string =>
  plain(typeof value === 'string' ? value : JSON.stringify(Array.isArray(value) ? value.toSorted() : value));

/** An amount stands in fen and in the text as it was filed. */
const isTextOfAmount = (facts: Facts, name: string): boolean =>
  name.endsWith('Text') && name.replace(/Text$/, 'Fen') in facts;

/** The names of what two rows about one thing both state, and state differently; in order. */
export const contradictedBy = (one: Facts, other: Facts): string[] =>
  Object.keys(one)
    .filter((name) => name in other && !isTextOfAmount(one, name) && !same(one[name], other[name]))
    .toSorted();
