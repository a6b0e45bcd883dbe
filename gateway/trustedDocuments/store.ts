import { setImmediate as turn } from 'node:timers/promises';
import { type DocumentNode, GraphQLError } from 'graphql';
import type { Log } from '#kit/log.ts';
import { createListener, type Listener } from '#kit/postgres/listener.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { type Role, roles as everyRole } from '#policy/viewer.ts';
import { unavailable } from '../errors.ts';
import type { Part } from '../http/readiness.ts';
import type { DocumentCheck } from './check.ts';
import { digestId, ID_RULE, readDocumentId } from './ids.ts';
import { DOCUMENTS_CHANGED, MAX_PUBLISHED, MAX_PUBLISHED_BYTES } from './repository.ts';

/** What an operation is asked by: its text, or the id of one that was published. */
export interface AskedDocument {
  readonly query: string | null;
  /** Undefined: none was given. Whatever else was is an id, or wrong. */
  readonly documentId: unknown;
  /** Apollo's `extensions.persistedQuery`: it would have us keep what anybody sends. */
  readonly isAutomatic: boolean;
}

/** A text that may run; `publishedFor`: as long as it is published for this role. */
export interface AllowedText {
  readonly text: string;
  readonly publishedFor: Role | null;
}

/** The published documents, as one gateway has them in memory: whole, within the bounds that publishing keeps. */
export interface TrustedDocuments {
  /** What may run of what a role asks, or why nothing does. It looks at nothing but memory. */
  allow(role: Role, asked: AskedDocument): AllowedText | GraphQLError;
  /** Calls when a text is published for the role no more. Gives what stops watching. */
  watch(role: Role, text: string, onWithdrawn: () => void): () => void;
  /** The operation's name where it is bounded by what was published; null for all other documents. */
  nameOf(document: DocumentNode): string | null;
  /** Whether a role may only ask what is published for it. */
  restricts(role: Role): boolean;
}

/** How many there are, and how many of them are refused since they no longer fit. Null: nothing could be read yet. */
export interface DocumentsState {
  readonly published: number;
  readonly outdated: number;
}

export interface DocumentStore extends TrustedDocuments, AsyncDisposable {
  /** Reads what is published now. What this process changed itself is in effect after it. It never rejects. */
  refresh(): Promise<void>;
  state(): DocumentsState | null;
}

interface Published {
  readonly role: Role;
  readonly id: string;
  readonly name: string;
  readonly text: string;
  /** Part of the release and of no manifest: a role whose view it does not fit has no such document. */
  readonly isReleased: boolean;
  /** Undefined until it was looked at. */
  problem?: string | null;
}

/** Of one role, by every id that a document is asked by, and by its text. */
interface OfRole {
  readonly byId: Map<string, Published>;
  readonly byText: Map<string, Published>;
}

export type LoadedDocument = Pick<Published, 'id' | 'name' | 'text'>;

export interface StoreOptions {
  readonly pool: Pool;
  readonly url: string;
  readonly check: DocumentCheck;
  /** Roles that may only ask what is published for them. */
  readonly restricted: ReadonlySet<Role>;
  /** What the release's own tools ask: trusted for every role that sees all of it. */
  readonly released: readonly LoadedDocument[];
  readonly log: Log;
}

/** Also while nothing is heard: what was published is everywhere after this long. */
const POLL_MS = 3000;
/** Outdated documents that the log names at once; the rest it counts. */
const MAX_NAMED = 20;

const published = statement(
  'gateway.document_manifest.published',
  `select id, role, bytes
   from gateway.document_manifest
   where state = 'PUBLISHED'
   order by role, version
   limit ${MAX_PUBLISHED}`,
);

const documentsOf = statement(
  'gateway.trusted_document.of_manifest',
  `select document_id as id, name, text
   from gateway.trusted_document
   where manifest_id = $1::uuid
   order by position
   limit 1000`,
);

const refusal = (code: string, status: number, message: string, details: Readonly<Record<string, string>> = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...details, http: { status } } });

/** What is said of Apollo's automatic persisted queries, at every transport. */
const notAutomatic = (): GraphQLError =>
  refusal('PERSISTED_QUERY_NOT_SUPPORTED', 400, 'Queries are not persisted by sending them: send `query`, or the `documentId` of a document that was published.');

export function createDocumentStore({ pool, url, check, restricted, released, log }: StoreOptions): DocumentStore {
  const loaded = new Map<string, readonly LoadedDocument[]>();
  let roles: ReadonlyMap<Role, OfRole> | null = null;
  let names: ReadonlyMap<string, string> = new Map();
  let inForce = '';
  let generation = 0;
  let isClosed = false;
  const watchers = new Set<{ readonly role: Role; readonly text: string; readonly onWithdrawn: () => void }>();

  const problemOf = (document: Published): string | null => {
    if (document.problem === undefined) {
      const checked = check(document.role, document.text);
      document.problem = 'problem' in checked ? checked.problem : null;
    }
    return document.problem;
  };

  const rebuild = (manifests: readonly { readonly role: Role; readonly documents: readonly LoadedDocument[] }[]): void => {
    const fresh = new Map<Role, OfRole>(everyRole.map((role) => [role, { byId: new Map(), byText: new Map() }]));
    const add = (role: Role, documents: readonly LoadedDocument[], isReleased: boolean): void => {
      const { byId, byText } = fresh.get(role) ?? { byId: new Map(), byText: new Map() };
      for (const { id, name, text } of documents) {
        // The same text in many manifests is one document, and is looked at once.
        let document = byText.get(text);
        if (!document) {
          const problem = roles?.get(role)?.byText.get(text)?.problem;
          byText.set(text, (document = { role, id, name, text, isReleased, ...(problem === undefined ? null : { problem }) }));
        }
        byId.set(id, document).set(digestId(text), document);
      }
    };
    for (const { role, documents } of manifests) add(role, documents, false);
    for (const role of everyRole) add(role, released, true);
    roles = fresh;
    names = new Map([...fresh.values()].flatMap(({ byText }) => [...byText].map(([text, { name }]) => [text, name] as const)));
    for (const watcher of watchers) {
      if (fresh.get(watcher.role)?.byText.has(watcher.text)) continue;
      watchers.delete(watcher);
      watcher.onWithdrawn();
    }
    void lookThrough(fresh, (generation += 1));
  };

  /** Looks at each document in a turn of its own: requests go on meanwhile, and whichever is asked first is looked at then. */
  const lookThrough = async (documents: ReadonlyMap<Role, OfRole>, of: number): Promise<void> => {
    const outdated: Published[] = [];
    for (const { byText } of documents.values()) {
      for (const document of byText.values()) {
        if (of !== generation || isClosed) return;
        if (document.isReleased) continue;
        const isNew = document.problem === undefined;
        if (problemOf(document) !== null) outdated.push(document);
        if (isNew) await turn();
      }
    }
    for (const { role, id, name, problem } of outdated.slice(0, MAX_NAMED)) log.warn({ role, id, name, problem }, 'a published document no longer fits, and is refused');
    if (outdated.length > MAX_NAMED) log.warn({ count: outdated.length }, 'so many published documents no longer fit');
  };

  const read = async (): Promise<void> => {
    const rows = await query<{ id: string; role: string; bytes: number }>(pool, published, []);
    let bytes = 0;
    const kept = rows.filter((row) => (bytes += row.bytes) <= MAX_PUBLISHED_BYTES);
    if (kept.length < rows.length) log.error({ bytes, manifests: rows.length - kept.length }, 'more documents are published than are held: those of the last manifests are refused');
    const now = kept.map(({ id }) => id).join(' ');
    if (roles !== null && now === inForce) return;
    for (const { id } of kept) if (!loaded.has(id)) loaded.set(id, await query<LoadedDocument>(pool, documentsOf, [id]));
    const ids = new Set(kept.map(({ id }) => id));
    for (const id of loaded.keys()) if (!ids.has(id)) loaded.delete(id);
    inForce = now;
    rebuild(kept.map(({ id, role }) => ({ role: role as Role, documents: loaded.get(id) ?? [] }))); // a manifest is made for a role
  };

  // One reading at a time. Whoever asks during one is answered by the next: this one may have looked before the change.
  let underWay: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const begin = (): Promise<void> =>
    (underWay = read()
      .catch((error: unknown) => log.debug({ err: error }, 'published documents could not be read'))
      .finally(() => (underWay = null)));
  const refresh = (): Promise<void> => {
    if (isClosed) return Promise.resolve();
    if (!underWay) return begin();
    next ??= underWay.then(() => {
      next = null;
      return begin();
    });
    return next;
  };

  const listener: Listener = createListener({
    url,
    channel: DOCUMENTS_CHANGED,
    applicationName: 'gateway documents',
    onNotification: () => void refresh(),
    onConnected: () => void refresh(),
    lostMessage: 'the connection that hears of published documents was lost; they are looked for every few seconds',
    log,
  });
  const poll = setInterval(() => void refresh(), POLL_MS).unref();

  const unlessAnotherRole = (document: Published | undefined): Published | null =>
    document === undefined || (document.isReleased && problemOf(document) !== null) ? null : document;

  const usable = (document: Published): AllowedText | GraphQLError => {
    const problem = problemOf(document);
    if (problem === null) return { text: document.text, publishedFor: document.role };
    return refusal('DOCUMENT_OUTDATED', 410, `The published document "${document.name}" no longer fits: ${problem}`);
  };

  return {
    allow: (role, asked) =>
      allowed(asked, {
        byId: (id) => (roles === null ? 'UNKNOWN' : unlessAnotherRole(roles.get(role)?.byId.get(id))),
        byText: (text) => (!restricted.has(role) ? 'ANY' : roles === null ? 'UNKNOWN' : unlessAnotherRole(roles.get(role)?.byText.get(text))),
        usable,
      }),
    watch(role, text, onWithdrawn) {
      // Withdrawn since it was asked.
      if (!roles?.get(role)?.byText.has(text)) {
        onWithdrawn();
        return () => {};
      }
      const watcher = { role, text, onWithdrawn };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    nameOf: ({ loc }) => (loc ? (names.get(loc.source.body) ?? null) : null),
    restricts: (role) => restricted.has(role),
    refresh,
    state() {
      if (roles === null) return null;
      const documents = [...roles.values()].flatMap(({ byText }) => [...byText.values()]).filter(({ isReleased }) => !isReleased);
      return { published: documents.length, outdated: documents.filter(({ problem }) => typeof problem === 'string').length };
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearInterval(poll);
      await listener[Symbol.asyncDispose]();
      await underWay;
    },
  };
}

/** What is found, or that nothing is (null), or that nobody can say yet (UNKNOWN), or that any text will do (ANY). */
interface Lookup {
  byId(id: string): Published | 'UNKNOWN' | null;
  byText(text: string): Published | 'UNKNOWN' | 'ANY' | null;
  usable(document: Published): AllowedText | GraphQLError;
}

function allowed({ query: text, documentId, isAutomatic }: AskedDocument, { byId, byText, usable }: Lookup): AllowedText | GraphQLError {
  if (isAutomatic) return notAutomatic();
  if (documentId !== undefined) {
    if (text !== null) return refusal('BAD_REQUEST', 400, 'The request has both `query` and `documentId`: send one of them.', { argument: 'documentId', expected: '`query` or `documentId`' });
    const id = readDocumentId(documentId);
    if (id === null) return refusal('BAD_REQUEST', 400, `${shown(documentId)} is no id of a document.`, { argument: 'documentId', expected: ID_RULE });
    const found = byId(id);
    if (found === 'UNKNOWN') return unreadable();
    // One of another role, one that was withdrawn, one that never was: nobody learns which.
    return found ? usable(found) : refusal('DOCUMENT_NOT_FOUND', 404, `No document "${id}" is published for your role.`, { argument: 'documentId', expected: 'the id of a document that is published for your role' });
  }
  const given = text ?? '';
  const found = byText(given);
  if (found === 'ANY') return { text: given, publishedFor: null };
  if (found === 'UNKNOWN') return unreadable();
  return found ? usable(found) : refusal('DOCUMENT_NOT_TRUSTED', 403, 'Only published documents are answered here, and this text is none that is published for your role.', { argument: 'query', expected: 'a published text, or its `documentId`' });
}

const unreadable = (): GraphQLError => unavailable('The published documents cannot be looked up now: ask again later.');

const shown = (id: unknown): string => (typeof id === 'string' ? `"${id.slice(0, 40)}${id.length > 40 ? '…' : ''}"` : 'What is not a text');

/** What `/health/ready` says of them: how many, and none by its name. */
export const documentsPart = (state: DocumentsState | null): Part => (state === null ? { state: 'degraded' } : { state: state.outdated > 0 ? 'degraded' : 'ok', ...state });

/** Nothing is published and every text runs: for servers without a database behind them. */
export const nothingPublished: TrustedDocuments = {
  allow: (_, asked) => allowed(asked, { byId: () => null, byText: () => 'ANY', usable: ({ text, role }) => ({ text, publishedFor: role }) }),
  watch: () => () => {},
  nameOf: () => null,
  restricts: () => false,
};
