/** Coerced values of an operation's variables. */
export type Variables = Readonly<Record<string, unknown>>;

/** What is known when an operation is compiled is a number; what its variables decide is a function of them. */
export type Amount = number | ((variables: Variables) => number);

export const valueOf = (amount: Amount, variables: Variables): number => (typeof amount === 'number' ? amount : amount(variables));

export function sum(amounts: readonly Amount[]): Amount {
  let known = 0;
  const rest: Exclude<Amount, number>[] = [];
  for (const amount of amounts) if (typeof amount === 'number') known += amount; else rest.push(amount);
  const [first, ...others] = rest;
  if (!first) return known;
  if (others.length === 0) return known === 0 ? first : (variables) => known + first(variables);
  return (variables) => {
    let total = known;
    for (const amount of rest) total += amount(variables);
    return total;
  };
}

export function product(one: Amount, other: Amount): Amount {
  if (typeof one === 'number' && typeof other === 'number') return one * other;
  if (one === 0 || other === 0) return 0;
  if (one === 1) return other;
  if (other === 1) return one;
  return (variables) => valueOf(one, variables) * valueOf(other, variables);
}

export function largest(amounts: readonly Amount[]): Amount {
  const known = Math.max(0, ...amounts.filter((amount) => typeof amount === 'number'));
  const rest = amounts.filter((amount) => typeof amount === 'function');
  if (rest.length === 0) return known;
  return (variables) => {
    let most = known;
    for (const amount of rest) most = Math.max(most, amount(variables));
    return most;
  };
}
