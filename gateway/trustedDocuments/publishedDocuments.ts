import { type Role, roles as everyRole } from '#policy/roles.ts';
import { digestId } from './ids.ts';

// The index of the published documents: what is published for a role under an id, and with a text.

export interface Published {
  readonly role: Role;
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** Part of the release and of no manifest: a role whose view it does not fit has no such document. */
  readonly isReleased: boolean;
  /** Undefined until it was checked. */
  problem?: string | null;
}

/** The documents of one role, by every id and by the text. */
export interface OfRole {
  readonly byId: Map<string, Published>;
  readonly byText: Map<string, Published>;
}

export type PublishedDocuments = ReadonlyMap<Role, OfRole>;

export type LoadedDocument = Pick<Published, 'id' | 'name' | 'text'>;

/** A manifest in force, with its documents. */
export interface LoadedManifest {
  readonly role: Role;
  readonly documents: readonly LoadedDocument[];
}

/**
 * @param released the documents of the release, which every role may have
 * @param before the index before, whose documents need no second check
 */
export function indexDocuments(
  manifests: readonly LoadedManifest[],
  released: readonly LoadedDocument[],
  before: PublishedDocuments | null,
): PublishedDocuments {
  const index = new Map<Role, OfRole>(everyRole.map((role) => [role, { byId: new Map(), byText: new Map() }]));
  const add = (role: Role, documents: readonly LoadedDocument[], isReleased: boolean): void => {
    const { byId, byText } = index.get(role) ?? { byId: new Map(), byText: new Map() };
    for (const { id, name, text } of documents) {
      // The same text in many manifests is one document, and is checked once.
      let document = byText.get(text);
      if (!document) {
        const problem = before?.get(role)?.byText.get(text)?.problem;
        byText.set(
          text,
          (document = { role, id, name, text, isReleased, ...(problem === undefined ? null : { problem }) }),
        );
      }
      byId.set(id, document).set(digestId(text), document);
    }
  };
  for (const { role, documents } of manifests) add(role, documents, false);
  for (const role of everyRole) add(role, released, true);
  return index;
}

/** The names of documents by their texts. */
export const namesIn = (documents: PublishedDocuments): ReadonlyMap<string, string> =>
  new Map(
    [...documents.values()].flatMap(({ byText }) => [...byText].map(([text, { name }]) => [text, name] as const)),
  );
