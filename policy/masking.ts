/**
 * A person's name as others see it: the first character and a star (reference/domain.md §7). Stars do not count the
 * characters, so that the length gives nothing away.
 */
export const maskName = (name: string): string => `${[...name][0] ?? ''}*`;
