import { Kind } from 'graphql';
import type { Audience } from './render.ts';
import type { EventQuery } from './selection.ts';

/**
 * The same text for streams to which an event is rendered as the same text: they have the same document, operation,
 * mode and grant, and the same values of the variables on which the text depends.
 * @param document the document as the client sent it, an object that the cache of documents shares between clients
 */
export const audienceKey = (document: object, audience: Audience): string =>
  JSON.stringify([
    numberOf(document),
    audience.operationName ?? '',
    audience.mode,
    audience.cost !== undefined,
    audience.viewer.grant,
    variablesIn(audience.query).map((name) => audience.variables[name] ?? null),
  ]);

const numbers = new WeakMap<object, number>();
let lastNumber = 0;
function numberOf(document: object): number {
  let number = numbers.get(document);
  if (number === undefined) numbers.set(document, (number = ++lastNumber));
  return number;
}

const variablesOf = new WeakMap<EventQuery, readonly string[]>();

/** The variables on which the text of an event depends; not those of the stream's own arguments. */
function variablesIn(query: EventQuery): readonly string[] {
  let names = variablesOf.get(query);
  if (!names) {
    const found = new Set<string>();
    const walk = (node: unknown): void => {
      if (Array.isArray(node)) node.forEach(walk);
      else if (typeof node === 'object' && node !== null) {
        if ('kind' in node && node.kind === Kind.VARIABLE)
          found.add((node as unknown as { name: { value: string } }).name.value);
        else for (const [key, value] of Object.entries(node)) if (key !== 'loc') walk(value);
      }
    };
    walk(query.field.selectionSet);
    walk(query.document.definitions.slice(1));
    variablesOf.set(query, (names = [...found].toSorted()));
  }
  return names;
}
