import type { GraphQLError } from 'graphql';
import { badInput } from './errors.ts';

// Which texts may reach a resolver at all. PostgreSQL's text holds every character but U+0000, and UTF-8 has no form
// for half of a surrogate pair: Node would write U+FFFD in its place, which is another text than was sent.

/** Whether a text can be stored as it is: it has no U+0000 and no half of a surrogate pair. */
export const isText = (value: string): boolean => !value.includes('\0') && value.isWellFormed();

/**
 * BAD_USER_INPUT for a text that cannot be stored.
 * @param argument the path of the text, such as `uscc`, `$input.rows.3` or `operationName`
 */
export const badText = (argument: string): GraphQLError =>
  badInput(
    argument,
    'CHARACTER',
    `"${argument}" has a character that no record can hold: U+0000, or half of a surrogate pair.`,
    'Unicode text without U+0000 and without unpaired surrogates',
  );

/**
 * Checks every text and every member name of a value from JSON, whose depth and size are bounded.
 *
 * @param name the value's name in the error, such as `$input`
 * @returns BAD_USER_INPUT for the first that cannot be stored, or null
 */
export function textProblem(name: string, value: unknown): GraphQLError | null {
  const path = pathOfBadText(value);
  return path && badText([name, ...path].join('.'));
}

/**
 * The path of the first text that cannot be stored; null when all can. The path is built only on the way back: nearly
 * every value is good.
 */
export function pathOfBadText(value: unknown): string[] | null {
  if (typeof value === 'string') return isText(value) ? null : [];
  if (typeof value !== 'object' || value === null) return null;
  for (const key of Object.keys(value)) {
    if (!isText(key)) return ['(the name of a member)'];
    const path = pathOfBadText((value as Record<string, unknown>)[key]);
    if (path) return [key, ...path];
  }
  return null;
}
