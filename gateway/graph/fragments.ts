import { type DocumentNode, type FragmentDefinitionNode, Kind } from 'graphql';
import type { Fragments } from './engine/fieldPositions.ts';

/** The fragments of documents, kept for as long as the documents are. */
export function createFragmentIndex(): (document: DocumentNode) => Fragments {
  const known = new WeakMap<DocumentNode, Fragments>();
  return (document) => {
    let found = known.get(document);
    if (!found) {
      const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
      for (const definition of document.definitions)
        if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
      known.set(document, (found = fragments));
    }
    return found;
  };
}
