import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Api, DOMAIN_ERROR, successOf } from './api.ts';
import { Failure } from './failure.ts';

// Trusted documents: manifests that operators publish for a role (docs/DOCUMENTS.md).

export interface Manifest {
  readonly id: string;
  readonly role: string;
  readonly version: number | null;
  readonly state: 'PROPOSED' | 'PUBLISHED' | 'WITHDRAWN';
  readonly documentCount: number;
  readonly digest: string;
  readonly proposedBy: string;
  readonly proposedByActor: string;
  readonly proposedAt: string;
  readonly publishedBy: string | null;
  readonly publishedByActor: string | null;
  readonly publishedAt: string | null;
  readonly withdrawnBy: string | null;
  readonly withdrawnByActor: string | null;
  readonly withdrawnAt: string | null;
}

export interface ManifestDocument {
  readonly id: string;
  readonly text: string;
}

export interface ShownDocument extends ManifestDocument {
  readonly name: string;
  /** Why the document is refused now, or null when it is answered. */
  readonly problem: string | null;
}

const MANIFEST =
  'id role version state documentCount digest proposedBy proposedByActor proposedAt publishedBy publishedByActor publishedAt withdrawnBy withdrawnByActor withdrawnAt';
const PAGE = 'pageInfo { hasNextPage endCursor }';

/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const documentTexts = {
  list: `query documentManifests($role: String, $after: Cursor) { documentManifests(role: $role, first: 100, after: $after) { nodes { ${MANIFEST} } ${PAGE} } }`,
  manifest: `query documentManifest($id: ID!) { documentManifest(id: $id) { ${MANIFEST} } }`,
  documents: `query trustedDocuments($manifest: ID!, $after: Cursor) { trustedDocuments(manifest: $manifest, first: 100, after: $after) { nodes { id name text problem } ${PAGE} } }`,
  propose: `mutation proposeDocuments($input: ProposeDocumentsInput!) { proposeDocuments(input: $input) { __typename ... on DocumentsProposed { manifest { ${MANIFEST} } } ${DOMAIN_ERROR} } }`,
  confirm: `mutation confirmDocuments($input: ConfirmDocumentsInput!) { confirmDocuments(input: $input) { __typename ... on DocumentsPublished { manifest { ${MANIFEST} } } ${DOMAIN_ERROR} } }`,
  withdraw: `mutation withdrawDocuments($input: WithdrawDocumentsInput!) { withdrawDocuments(input: $input) { __typename ... on DocumentsWithdrawn { manifest { ${MANIFEST} } } ${DOMAIN_ERROR} } }`,
} as const;

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function allOf<Node>(ask: (after: string | null) => Promise<Page<Node>>): Promise<Node[]> {
  const found: Node[] = [];
  for (let after: string | null = null; ;) {
    const { nodes, pageInfo }: Page<Node> = await ask(after);
    found.push(...nodes);
    if (!pageInfo.hasNextPage) return found;
    after = pageInfo.endCursor;
  }
}

/** All manifests, newest first. */
export const findManifests = (api: Api, role: string | null): Promise<Manifest[]> =>
  allOf((after) => api.ask('documentManifests', documentTexts.list, { role, after }));

/** A manifest with its documents. */
export async function findManifest(api: Api, id: string): Promise<{ manifest: Manifest; documents: ShownDocument[] }> {
  const manifest = await api.ask<Manifest | null>('documentManifest', documentTexts.manifest, { id });
  if (manifest === null)
    throw new Failure(`There is no manifest ${id.slice(0, 40)}.`, {
      advice: '`credit-graph documents list` lists them.',
    });
  return {
    manifest,
    documents: await allOf((after) => api.ask('trustedDocuments', documentTexts.documents, { manifest: id, after })),
  };
}

/** Proposes a manifest. When the same documents are proposed again, it returns the existing manifest. */
export const proposeDocuments = async (
  api: Api,
  role: string,
  documents: readonly ManifestDocument[],
): Promise<Manifest> =>
  successOf(
    await api.ask<{ manifest: Manifest }>('proposeDocuments', documentTexts.propose, {
      input: { idempotencyKey: randomUUID(), role, documents },
    }),
    `publish for ${role}`,
  ).manifest;

export const confirmDocuments = async (api: Api, id: string): Promise<Manifest> =>
  successOf(
    await api.ask<{ manifest: Manifest }>('confirmDocuments', documentTexts.confirm, {
      input: { idempotencyKey: randomUUID(), id },
    }),
    `confirm ${id}`,
  ).manifest;

export const withdrawDocuments = async (api: Api, id: string): Promise<Manifest> =>
  successOf(
    await api.ask<{ manifest: Manifest }>('withdrawDocuments', documentTexts.withdraw, {
      input: { idempotencyKey: randomUUID(), id },
    }),
    `withdraw ${id}`,
  ).manifest;

/** Reads a manifest file in one of the two forms that tools write. @throws Failure that says what is wrong */
export async function readManifest(file: string): Promise<ManifestDocument[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(`${file} cannot be read (${error.code ?? error.message}).`);
  });
  return documentsOf(text, file);
}

const FORMS =
  'One is Apollo’s `apollo-persisted-query-manifest` (version 1), ' +
  'the other codegen’s persisted-documents.json: an object of ids and texts.';

/** @param file the name of the text in a Failure */
export function documentsOf(text: string, file: string): ManifestDocument[] {
  const wrong = (message: string): Failure => new Failure(`${file}: ${message}`, { advice: FORMS });
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw wrong('this is no JSON.');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrong('this is no manifest.');
  const { format, version, operations } = given as Record<string, unknown>;
  if (format === undefined) {
    // Codegen's form: every member is an id and its text, also one that is called `__proto__`.
    return Object.entries(given).map(([id, each]) => {
      if (typeof each !== 'string') throw wrong(`"${id.slice(0, 80)}" has no text.`);
      return { id, text: each };
    });
  }
  if (format !== 'apollo-persisted-query-manifest' || version !== 1)
    throw wrong(`the format is ${JSON.stringify(format)}, version ${JSON.stringify(version)}.`);
  if (!Array.isArray(operations)) throw wrong('`operations` is no list.');
  return operations.map((each: unknown, at) => {
    const { id, body } = (each ?? {}) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof body !== 'string')
      throw wrong(`operation ${at + 1} has no \`id\` or no \`body\`.`);
    return { id, text: body };
  });
}

/** One line for a terminal. */
export const manifestLine = ({
  id,
  role,
  version,
  state,
  documentCount,
  proposedByActor,
  publishedByActor,
  publishedAt,
  withdrawnAt,
}: Manifest): string =>
  [
    id,
    role,
    version === null ? '-' : `v${version}`,
    state,
    `${documentCount} documents`,
    `by ${proposedByActor}${publishedByActor === null ? '' : ` and ${publishedByActor}`}`,
    withdrawnAt ?? publishedAt ?? '',
  ]
    .join('  ')
    .trimEnd();

export const documentLine = ({ id, name, problem }: ShownDocument): string =>
  `${name}  ${id}${problem === null ? '' : `  REFUSED: ${problem}`}`;
