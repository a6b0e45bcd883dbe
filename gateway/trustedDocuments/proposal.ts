import { setImmediate as turn } from 'node:timers/promises';
import type { Role } from '#policy/roles.ts';
import type { DocumentCheck } from './check.ts';
import { ID_RULE, isFalse, readDocumentId } from './ids.ts';
import type { DocumentRefusal, NewDocument } from './manifest.ts';
import type { DocumentInput } from './resolvers.generated.ts';

// The documents of a proposal: each has an id that may stand for it, and a text that may be published for the role.

/** The maximum in one manifest; a role may have several. */
export const MAX_DOCUMENTS = 1000;
/** The maximum named in one answer. */
const MAX_PROBLEMS = 5;

interface Problem {
  readonly message: string;
  readonly path: readonly string[];
}

/**
 * Checks each document in a turn of its own: a thousand take a second, in which other requests are answered.
 * @returns the documents, each once; or why they are refused: the first bad id, or all texts that cannot be published
 */
export async function checkProposal(
  check: DocumentCheck,
  role: Role,
  documents: readonly DocumentInput[],
): Promise<readonly NewDocument[] | DocumentRefusal> {
  const wrong = numberProblem(documents.length);
  if (wrong) return wrong;
  const found: NewDocument[] = [];
  const texts = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [at, { id, text }] of documents.entries()) {
    const path = ['documents', String(at)];
    const documentId = checkId(id, text, texts, [...path, 'id']);
    if (typeof documentId !== 'string') return documentId;
    const result = check(role, text);
    if ('problem' in result) problems.push({ message: `"${documentId}": ${result.problem}`, path: [...path, 'text'] });
    else if (!texts.has(documentId)) found.push({ documentId, name: result.name, text });
    texts.set(documentId, text);
    await turn();
  }
  return textRefusal(problems, documents.length) ?? found;
}

function numberProblem(count: number): DocumentRefusal | null {
  if (count === 0) return { code: 'MISSING', message: 'There is no document in it.', path: ['documents'] };
  if (count <= MAX_DOCUMENTS) return null;
  return {
    code: 'TOO_MANY',
    message: `A manifest has at most ${MAX_DOCUMENTS} documents, and this one has ${count}: publish several.`,
    path: ['documents'],
  };
}

/**
 * @param texts of the documents before, by id
 * @returns the id in its stored form, or why it is refused
 */
function checkId(
  id: string,
  text: string,
  texts: ReadonlyMap<string, string>,
  path: readonly string[],
): string | DocumentRefusal {
  const documentId = readDocumentId(id);
  if (documentId === null)
    return { code: 'DOCUMENT_ID', message: `"${id.slice(0, 40)}" is no id of a document; one is ${ID_RULE}.`, path };
  if (isFalse(documentId, text))
    return {
      code: 'DOCUMENT_ID',
      message: `The id "${documentId}" is not the SHA-256 of its text, to the character.`,
      path,
    };
  const before = texts.get(documentId);
  if (before !== undefined && before !== text)
    return { code: 'TAKEN', message: `The id "${documentId}" stands for two texts.`, path };
  return documentId;
}

function textRefusal(problems: readonly Problem[], count: number): DocumentRefusal | null {
  const [first] = problems;
  if (!first) return null;
  const more = problems.length > MAX_PROBLEMS ? ` (and ${problems.length - MAX_PROBLEMS} more)` : '';
  return {
    code: 'DOCUMENT',
    message: `${problems.length} of ${count} cannot be published. ${problems
      .slice(0, MAX_PROBLEMS)
      .map(({ message }) => message)
      .join(' ')}${more}`,
    path: first.path,
  };
}
