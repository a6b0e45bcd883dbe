import { setImmediate as turn } from 'node:timers/promises';
import type { DocumentNode, GraphQLError } from 'graphql';
import type { Log } from '#kit/log.ts';
import { createListener, type Listener } from '#kit/postgres/listener.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import type { Role } from '#policy/roles.ts';
import { allow, type AllowedText, type AskedDocument, type Found } from './allow.ts';
import type { DocumentCheck } from './check.ts';
import { createManifestReader } from './manifestReader.ts';
import {
  indexDocuments,
  type LoadedDocument,
  type LoadedManifest,
  namesIn,
  type OfRole,
  type Published,
  type PublishedDocuments,
} from './publishedDocuments.ts';
import { createReadings } from './readings.ts';
import { DOCUMENTS_CHANGED } from './manifest.ts';

/** The published documents in the memory of one gateway: complete, within the limits that publishing enforces. */
export interface TrustedDocuments {
  /** What a role may run, or why nothing. It reads only memory. */
  allow(role: Role, asked: AskedDocument): AllowedText | GraphQLError;
  /** Calls back when a text is no longer published for the role. Returns a function that stops watching. */
  watch(role: Role, text: string, onWithdrawn: () => void): () => void;
  /** The operation's name if the document is published, which bounds the number of names; null for all others. */
  nameOf(document: DocumentNode): string | null;
  /** Whether a role may run only what is published for it. */
  restricts(role: Role): boolean;
}

/**
 * The number of documents, and of those that are refused because they no longer fit. Null: nothing could be read yet.
 */
export interface DocumentsState {
  readonly published: number;
  readonly outdated: number;
}

export interface DocumentStore extends TrustedDocuments, AsyncDisposable {
  /** Reads what is published now. A change by this process is in effect after it. It never rejects. */
  refresh(): Promise<void>;
  state(): DocumentsState | null;
  /** How often the published documents could not be read. */
  failures(): number;
}

export interface StoreOptions {
  readonly pool: Pool;
  readonly url: string;
  readonly check: DocumentCheck;
  /** Roles that may run only what is published for them. */
  readonly restricted: ReadonlySet<Role>;
  /** The documents of the release's own tools: trusted for every role that sees all their fields. */
  readonly released: readonly LoadedDocument[];
  readonly log: Log;
}

/** Also without notifications: a publication is everywhere after this long. */
const POLL_MS = 3000;
/** The maximum of outdated documents that the log names at once; it counts the rest. */
const MAX_NAMED = 20;

/** The state that the functions below share. */
interface Store {
  readonly options: StoreOptions;
  /** Null: nothing could be read yet. */
  documents: PublishedDocuments | null;
  names: ReadonlyMap<string, string>;
  readonly watchers: Set<Watcher>;
  /** How often the documents were replaced. */
  generation: number;
  isClosed: boolean;
}

interface Watcher {
  readonly role: Role;
  readonly text: string;
  readonly onWithdrawn: () => void;
}

/** Follows what is published, by notifications and every few seconds. It has nothing before the first `refresh`. */
export function createDocumentStore(options: StoreOptions): DocumentStore {
  const { pool, url, restricted, log } = options;
  const store: Store = {
    options,
    documents: null,
    names: new Map(),
    watchers: new Set(),
    generation: 0,
    isClosed: false,
  };
  const readManifests = createManifestReader(pool, log);
  const readings = createReadings(async () => {
    const manifests = await readManifests();
    if (manifests) replaceDocuments(store, manifests);
  }, log);
  const listener: Listener = createListener({
    url,
    channel: DOCUMENTS_CHANGED,
    applicationName: 'gateway documents',
    onNotification: () => void readings.refresh(),
    onConnected: () => void readings.refresh(),
    lostMessage: 'the connection that hears of published documents was lost; they are looked for every few seconds',
    log,
  });
  const poll = setInterval(() => void readings.refresh(), POLL_MS).unref();

  return {
    allow: (role, asked) =>
      allow(asked, {
        role,
        isRestricted: restricted.has(role),
        find: (by, key) => find(store, role, by, key),
      }),
    watch: (role, text, onWithdrawn) => watch(store, { role, text, onWithdrawn }),
    nameOf: ({ loc }) => (loc ? (store.names.get(loc.source.body) ?? null) : null),
    restricts: (role) => restricted.has(role),
    failures: () => readings.failures(),
    refresh: () => readings.refresh(),
    state: () => stateOf(store),
    async [Symbol.asyncDispose]() {
      store.isClosed = true;
      readings.stop();
      clearInterval(poll);
      await listener[Symbol.asyncDispose]();
      await readings.settled();
    },
  };
}

/** Watchers of what is no longer published are called; the check of the documents goes on after that. */
function replaceDocuments(store: Store, manifests: readonly LoadedManifest[]): void {
  const documents = indexDocuments(manifests, store.options.released, store.documents);
  store.documents = documents;
  store.names = namesIn(documents);
  for (const watcher of store.watchers) {
    if (documents.get(watcher.role)?.byText.has(watcher.text)) continue;
    store.watchers.delete(watcher);
    watcher.onWithdrawn();
  }
  void lookThrough(store, documents, (store.generation += 1));
}

/**
 * Checks each document in a turn of its own: requests continue meanwhile, and a document that is requested first is
 * checked then.
 */
async function lookThrough(store: Store, documents: PublishedDocuments, generation: number): Promise<void> {
  const { log } = store.options;
  const outdated: Published[] = [];
  for (const { byText } of documents.values()) {
    for (const document of byText.values()) {
      if (generation !== store.generation || store.isClosed) return;
      if (document.isReleased) continue;
      const isNew = document.problem === undefined;
      if (problemOf(store, document) !== null) outdated.push(document);
      if (isNew) await turn();
    }
  }
  for (const { role, id, name, problem } of outdated.slice(0, MAX_NAMED))
    log.warn({ role, id, name, problem }, 'a published document no longer fits, and is refused');
  if (outdated.length > MAX_NAMED) log.warn({ count: outdated.length }, 'so many published documents no longer fit');
}

function problemOf({ options: { check } }: Store, document: Published): string | null {
  if (document.problem === undefined) {
    const checked = check(document.role, document.text);
    document.problem = 'problem' in checked ? checked.problem : null;
  }
  return document.problem;
}

function find(store: Store, role: Role, by: keyof OfRole, key: string): Found | 'UNREADABLE' {
  if (store.documents === null) return 'UNREADABLE';
  const document = store.documents.get(role)?.[by].get(key);
  if (!document) return null;
  const problem = problemOf(store, document);
  return document.isReleased && problem !== null ? null : { ...document, problem };
}

function watch({ documents, watchers }: Store, watcher: Watcher): () => void {
  // Withdrawn since the request.
  if (!documents?.get(watcher.role)?.byText.has(watcher.text)) {
    watcher.onWithdrawn();
    return () => {};
  }
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

function stateOf({ documents }: Store): DocumentsState | null {
  if (documents === null) return null;
  const all = [...documents.values()].flatMap(({ byText }) => [...byText.values()]);
  const published = all.filter(({ isReleased }) => !isReleased);
  return {
    published: published.length,
    outdated: published.filter(({ problem }) => typeof problem === 'string').length,
  };
}

/** The part of `/health/ready` about documents: how many, and none by its name. */
export const documentsPart = (state: DocumentsState | null) =>
  state === null
    ? { state: 'degraded' as const }
    : { state: state.outdated > 0 ? ('degraded' as const) : ('ok' as const), ...state };

/** Nothing is published and every text runs: for servers without a database behind them. */
export const nothingPublished: TrustedDocuments = {
  allow: (role, asked) => allow(asked, { role, isRestricted: false, find: () => null }),
  watch: () => () => {},
  nameOf: () => null,
  restricts: () => false,
};
