import { propertyOrColumn, type ResolverMap } from './resolverMap.ts';

// These rules are the compiler's: each fails in `npm run check:types` and not when it runs.

interface Row {
  readonly name: string;
  readonly amount: string;
  readonly alias?: string | null;
  readonly decided_on: string;
  readonly term_days: string;
}

type Field<Answer> = (row: Row) => Answer | Promise<Answer>;

interface Resolvers {
  readonly Act?: {
    readonly name?: Field<string>;
    readonly alias?: Field<string | null>;
    readonly amount?: Field<number>;
    readonly day?: Field<string | null>;
    readonly decidedOn?: Field<string>;
    readonly termDays?: Field<number>;
  };
}

type Map = ResolverMap<Resolvers, { readonly Act: Row }>;

const amount = (row: Row): number => Number(row.amount);
const day = (): null => null;
const termDays = (row: Row): number => Number(row.term_days);

test('a map needs a resolver for what the row has under no name or in another type, and not for a column', () => {
  const maps: Map[] = [
    { Act: { amount, day, termDays } },
    // @ts-expect-error the row has no `day`
    { Act: { amount, termDays } },
    // @ts-expect-error `amount` is a text in the row and a number in the schema
    { Act: { day, termDays } },
    // @ts-expect-error `term_days` is a text in the row and `termDays` a number in the schema
    { Act: { amount, day } },
    // @ts-expect-error a resolver gives what the schema says
    { Act: { amount, day, termDays, name: () => 1 } },
    // @ts-expect-error the type is left out
    {},
  ];
  expect(maps.map(({ Act }) => Object.keys(Act ?? {}))).toEqual([
    ['amount', 'day', 'termDays'],
    ['amount', 'termDays'],
    ['day', 'termDays'],
    ['amount', 'day'],
    ['amount', 'day', 'termDays', 'name'],
    [],
  ]);
});

test('a field without a resolver is the property of its name, or else the column of its name', () => {
  const resolve = (field: string, parent: unknown): unknown =>
    propertyOrColumn(field)?.(parent, {}, {}, { fieldName: field } as never);
  expect([
    resolve('decidedOn', { decided_on: '2026-07-01' }),
    resolve('decidedOn', { decided_on: '2026-07-01', decidedOn: null }),
    resolve('decidedOn', { decidedOn: () => 'called' }),
    resolve('decidedOn', { decided: 'other' }),
    propertyOrColumn('day'),
  ]).toEqual(['2026-07-01', null, 'called', undefined, null]);
});
