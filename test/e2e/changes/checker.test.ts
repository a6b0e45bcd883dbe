import { type Append, check, type Connection, type History, type Receipt } from './checker.ts';

// The checker has to find what it is there for: a sound history has no violation, and each fault is named by its rule.

const append = (token: string, subject: string, at: number, outcome: Append['outcome'] = 'ok'): Append => ({
  token,
  subject,
  invoked: at,
  answered: at + 5,
  outcome,
});
const receipt = (seq: number, subject: string, version: number, token: string | null): Receipt => ({
  eventId: `${subject}/${version}`,
  subject,
  version,
  token,
  seq: BigInt(seq),
});

const appends = [
  append('a1', 'A', 0),
  append('b1', 'B', 1),
  append('a2', 'A', 10),
  append('x', 'A', 20, 'fail'),
  append('b2', 'B', 30, 'info'),
];
const all = [receipt(1, 'A', 1, 'a1'), receipt(2, 'B', 1, 'b1'), receipt(3, 'A', 2, 'a2')];
const connection = (receipts: readonly Receipt[], from: number | null = 0): Connection => ({
  instance: 'one',
  transport: 'page',
  from: from === null ? null : BigInt(from),
  receipts,
});

const sound = (connections: readonly Connection[], more: Partial<History> = {}): History => ({
  appends,
  subscribers: [{ name: 's', isEligible: () => true, connections }],
  final: {
    head: 3n,
    seqs: [1n, 2n, 3n],
    records: new Map([
      ['A', { version: 2, token: 'a2' }],
      ['B', { version: 1, token: 'b1' }],
    ]),
  },
  ...more,
});
const rules = (history: History): string[] => [...new Set(check(history).map(({ rule }) => rule))].toSorted();

test('a sound history has no violation, also with a repetition after coming back', () => {
  expect(check(sound([connection(all)]))).toEqual([]);
  expect(check(sound([connection(all.slice(0, 2)), connection(all.slice(1), 1)]))).toEqual([]);
});

test.each<[string, string[], History]>([
  ['a lost event', ['V1', 'V9'], sound([connection(all.slice(0, 2))])],
  ['an event in between that was lost', ['V1', 'V9'], sound([connection([all[0] as Receipt, all[2] as Receipt])])],
  ['what was rolled back', ['V2', 'V9'], sound([connection([...all, receipt(4, 'A', 3, 'x')])])],
  ['what nobody wrote', ['V2', 'V9'], sound([connection([...all, receipt(4, 'A', 3, 'y')])])],
  [
    'two events of one number',
    ['V3'],
    {
      ...sound([]),
      subscribers: [
        { name: 's', isEligible: () => true, connections: [connection(all)] },
        {
          name: 't',
          isEligible: () => true,
          connections: [connection([receipt(2, 'A', 1, 'a1'), receipt(3, 'B', 1, 'b1'), receipt(4, 'A', 2, 'a2')])],
        },
      ],
    },
  ],
  [
    'a hole in the log',
    ['V4'],
    sound([connection(all)], { final: { ...sound([]).final, head: 4n, seqs: [1n, 2n, 4n] } }),
  ],
  ['a number that falls', ['V4'], sound([connection([all[1] as Receipt, all[0] as Receipt, all[2] as Receipt])])],
  [
    'versions out of order',
    ['V5', 'V7'],
    sound([connection([receipt(1, 'A', 2, 'a2'), receipt(2, 'B', 1, 'b1'), receipt(3, 'A', 1, 'a1')])]),
  ],
  ['a repetition within a connection', ['V5', 'V6'], sound([connection([...all, all[2] as Receipt])])],
  // Also where it comes again whole: a reader that resumed after it never has it.
  [
    'an event without its content',
    ['V1', 'V10', 'V9'],
    sound([connection([...all.slice(0, 2), receipt(3, 'A', 2, null)])]),
  ],
  [
    'an event without its content, that came again',
    ['V10', 'V3', 'V9'],
    sound([connection([...all.slice(0, 2), receipt(3, 'A', 2, null)]), connection(all.slice(2), 2)]),
  ],
  [
    'a place before an earlier one',
    ['V8'],
    sound([connection(all.slice(0, 2)), connection(all.slice(2), 2), connection(all.slice(1), 1)]),
  ],
])('%s is found', (_, expected, history) => {
  expect(rules(history)).toEqual(expected);
});

test('what was acknowledged before another was begun has to stand before it', () => {
  const turned = [receipt(1, 'A', 1, 'a2'), receipt(2, 'B', 1, 'b1'), receipt(3, 'A', 2, 'a1')];
  expect(
    rules(
      sound([connection(turned)], {
        final: {
          ...sound([]).final,
          records: new Map([
            ['A', { version: 2, token: 'a1' }],
            ['B', { version: 1, token: 'b1' }],
          ]),
        },
      }),
    ),
  ).toEqual(['V7']);
});
