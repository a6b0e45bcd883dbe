import type { ResolverMap } from './resolverMap.ts';

// These rules are the compiler's: each fails in `npm run check:types` and not when it runs.

interface Row {
  readonly name: string;
  readonly amount: string;
  readonly alias?: string | null;
}

type Field<Answer> = (row: Row) => Answer | Promise<Answer>;

interface Resolvers {
  readonly Act?: { readonly name?: Field<string>; readonly alias?: Field<string | null>; readonly amount?: Field<number>; readonly day?: Field<string | null> };
}

type Map = ResolverMap<Resolvers, { readonly Act: Row }>;

const amount = (row: Row): number => Number(row.amount);
const day = (): null => null;

test('a map needs a resolver for what the row has under no name or in another type, and for nothing else', () => {
  const maps: Map[] = [
    { Act: { amount, day } },
    // @ts-expect-error the row has no `day`
    { Act: { amount } },
    // @ts-expect-error `amount` is a text in the row and a number in the schema
    { Act: { day } },
    // @ts-expect-error a resolver gives what the schema says
    { Act: { amount, day, name: () => 1 } },
    // @ts-expect-error the type is left out
    {},
  ];
  expect(maps.map(({ Act }) => Object.keys(Act ?? {}))).toEqual([['amount', 'day'], ['amount'], ['day'], ['amount', 'day', 'name'], []]);
});
