/** Coerced values of an operation's variables. */
export type Variables = Readonly<Record<string, unknown>>;

/** A number where it is known when an operation is compiled; a function of its variables where they decide it. */
export type Amount = number | ((variables: Variables) => number);

/** The number that an amount is for these variables. */
export const valueOf = (amount: Amount, variables: Variables): number =>
  typeof amount === 'number' ? amount : amount(variables);

/** The sum of amounts: a number where all of them are. */
export function sum(amounts: readonly Amount[]): Amount {
  let known = 0;
  const rest: Exclude<Amount, number>[] = [];
  for (const amount of amounts)
    if (typeof amount === 'number') known += amount;
    else rest.push(amount);
  const [first, ...others] = rest;
  if (!first) return known;
  if (others.length === 0) return known === 0 ? first : (variables) => known + first(variables);
  return (variables) => {
    let total = known;
    for (const amount of rest) total += amount(variables);
    return total;
  };
}

/** The product of two amounts: a number where both are, or one is zero. */
export function product(one: Amount, other: Amount): Amount {
  if (typeof one === 'number' && typeof other === 'number') return one * other;
  if (one === 0 || other === 0) return 0;
  if (one === 1) return other;
  if (other === 1) return one;
  return (variables) => valueOf(one, variables) * valueOf(other, variables);
}

/** The largest of amounts, at least zero: a number where all of them are. */
export function largest(amounts: readonly Amount[]): Amount {
  const known = Math.max(0, ...amounts.filter((amount) => typeof amount === 'number'));
  const rest = amounts.filter((amount) => typeof amount === 'function');
  if (rest.length === 0) return known;
  return (variables) => {
    let maximum = known;
    for (const amount of rest) maximum = Math.max(maximum, amount(variables));
    return maximum;
  };
}
