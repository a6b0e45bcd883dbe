/** The pairs of neighbouring characters of a text, each once: entity.bigrams in SQL gives the same set. */
export function bigrams(text: string): string[] {
  const characters = Array.from(text);
  return [...new Set(characters.slice(1).map((character, index) => `${characters[index]}${character}`))];
}

/** A state of the register with its name, and the day before the next state came into force (null for the last). */
export interface NamedState {
  readonly name: string;
  readonly until: string | null;
}

export interface FormerName {
  readonly name: string;
  readonly until: string | null;
}

/**
 * Former names, the latest first: those of earlier states, then those that the register filed without a day.
 * @param states oldest first; the last is the state described
 * @param filedNames former names that the last state states
 */
export function formerNames(states: readonly NamedState[], filedNames: readonly string[]): FormerName[] {
  const present = states.at(-1)?.name;
  const own = states
    .filter(({ name }, index) => index < states.length - 1 && name !== states[index + 1]?.name)
    .toReversed();
  const known = new Set([present, ...own.map(({ name }) => name)]);
  return [
    ...own.map(({ name, until }) => ({ name, until })),
    ...filedNames.filter((name) => !known.has(name)).map((name) => ({ name, until: null })),
  ];
}
