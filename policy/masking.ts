/**
 * A person's name as other readers see it: the first character and a star (reference/domain.md §7). There is one star
 * whatever the length, so that the length reveals nothing.
 */
export const maskName = (name: string): string => `${[...name][0] ?? ''}*`;
