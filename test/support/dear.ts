import { composeUscc } from '#standards/uscc.ts';

const CODE = composeUscc('91330100', 'MA7F0001');
const SECTIONS =
  'isKnown evaluations{id} hasActiveSeriousListing sources{source} entity{name} commitments(first:1){nodes{id}} ' +
  'nameListEntries(first:1){nodes{id}} complaints(first:1){nodes{id}}';

/**
 * A text within every limit that is dear to plan: on an idle core 0.1 s with 4 lists of acts in each of two files, 0.4
 * s with 6, 2 s with 14.
 * @param n makes it another text
 */
export function dearText(n: number, lists: number): string {
  const acts = (): string =>
    Array.from(
      { length: lists },
      (_, act) => `b${act}:administrativeActs(first:${1 + ((n + act) % 90)}){nodes{...F}}`,
    ).join(' ');
  const files = [1, 2]
    .map((file) => `a${file}_${n}:creditFile(uscc:"${CODE}",validAt:"2026-01-0${file}"){${acts()}}`)
    .join(' ');
  const inner = `administrativeActs(first:1){nodes{id subject{name creditFile{${SECTIONS}}}}}`;
  return `{${files}} fragment F on CreditRecord{id version subject{uscc name phone creditFile{${SECTIONS} ${inner}}}}`;
}
