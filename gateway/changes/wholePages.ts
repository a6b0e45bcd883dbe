import {
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { clientError } from '#kit/errors.ts';
import type { Answer, Graph, Operation } from '#gateway/graph/graph.ts';
import {
  eachField,
  eventErrors,
  fragmentsIn,
  lacks,
  type Outcome,
  outcomesOf,
  type RecordKeys,
  recordKeysIn,
} from './content.ts';
import type { Topics } from './topics.ts';

// Pages of changes keep the same promise as streams (docs/PROTOCOL.md P10): a page ends before the first change whose
// own source could not answer, as if the log went no further for now. The next page begins with that change. A change
// whose record no longer exists for this reader is left out; the change that removed it is delivered separately.

/** Requested for each change in addition to the reader's selection; clients cannot use such keys. */
const KIND = '__kind';
const CURSOR = '__cursor';

/** A root field that returns a page. */
interface PageField {
  readonly key: string;
  /** The source that keeps the records. */
  readonly source: string;
  /** The response keys of `events`, and how each selects the records. */
  readonly events: ReadonlyMap<string, RecordKeys>;
  readonly cursorKeys: ReadonlySet<string>;
  readonly hasMoreKeys: ReadonlySet<string>;
}

/** An operation with pages of changes, as it is executed. */
interface PageOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly pages: readonly PageField[];
}

/** The graph with whole pages of changes: no page contains an event without its content. */
export function withWholePages(graph: Graph, topics: Topics): Graph {
  const known = new WeakMap<DocumentNode, Map<string, PageOperation | null>>();
  const pageOperationOf = ({ document, operation, operationName }: Operation): PageOperation | null => {
    let ofDocument = known.get(document);
    if (!ofDocument) known.set(document, (ofDocument = new Map()));
    const name = operationName ?? '';
    let found = ofDocument.get(name);
    if (found === undefined) ofDocument.set(name, (found = prepare(graph.schema, topics, document, operation)));
    return found;
  };
  return {
    ...graph,
    async run(operation) {
      // An operation with supplied events is handled by its renderer (render.ts).
      const made = operation.events || operation.operation.operation !== 'query' ? null : pageOperationOf(operation);
      if (!made) return graph.run(operation);
      return made.pages.reduce(
        wholePage,
        await graph.run({ ...operation, document: made.document, operation: made.operation }),
      );
    },
  };
}

/** Null: it has no page that selects records. */
function prepare(
  schema: GraphQLSchema,
  topics: Topics,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): PageOperation | null {
  const fragments = fragmentsIn(document.definitions);
  const pages = new Map<
    string,
    { key: string; source: string; events: Map<string, RecordKeys>; cursorKeys: Set<string>; hasMoreKeys: Set<string> }
  >();
  eachField(
    operation.selectionSet,
    fragments,
    () => true,
    (root) => {
      const topic = topics.ofField(root.name.value);
      if (!topic) return;
      const key = keyOf(root);
      // One response key may be requested several times; its selections are merged.
      const page = pages.get(key) ?? {
        key,
        source: topic.source,
        events: new Map(),
        cursorKeys: new Set(),
        hasMoreKeys: new Set(),
      };
      pages.set(key, page);
      eachField(
        root.selectionSet,
        fragments,
        () => true,
        (field) => {
          if (field.name.value === 'endCursor') page.cursorKeys.add(keyOf(field));
          if (field.name.value === 'hasMore') page.hasMoreKeys.add(keyOf(field));
          if (field.name.value !== 'events') return;
          const records = recordKeysIn(schema, topic, field.selectionSet, fragments);
          page.events.set(keyOf(field), new Map([...(page.events.get(keyOf(field)) ?? []), ...records]));
        },
      );
    },
  );
  const caller = [...pages.values()].filter(({ events }) => [...events.values()].some((records) => records.size > 0));
  if (caller.length === 0) return null;
  const made = withPositions(schema, topics, document);
  const same = made.definitions[document.definitions.indexOf(operation)];
  return same?.kind === Kind.OPERATION_DEFINITION ? { document: made, operation: same, pages: caller } : null;
}

const keyOf = ({ name, alias }: FieldNode): string => alias?.value ?? name.value;

/** Also requests the kind and the cursor of each event of a page. */
function withPositions(schema: GraphQLSchema, topics: Topics, document: DocumentNode): DocumentNode {
  const positions = topics.all.map(({ changeType }) => positionOn(changeType));
  const types = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        leave(node) {
          if (node.name.value !== 'events' || types.getParentType()?.name !== 'ChangePage' || !node.selectionSet)
            return undefined;
          return {
            ...node,
            selectionSet: { ...node.selectionSet, selections: [...node.selectionSet.selections, ...positions] },
          };
        },
      },
    }),
  );
}

const asked = (key: string, name: string): FieldNode => ({
  kind: Kind.FIELD,
  alias: { kind: Kind.NAME, value: key },
  name: { kind: Kind.NAME, value: name },
});
const positionOn = (changeType: string): SelectionNode => ({
  kind: Kind.INLINE_FRAGMENT,
  typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: changeType } },
  selectionSet: { kind: Kind.SELECTION_SET, selections: [asked(KIND, 'kind'), asked(CURSOR, 'cursor')] },
});

interface AnsweredEvent {
  [KIND]?: unknown;
  [CURSOR]?: unknown;
}
type AnsweredPage = Record<string, unknown>;

/** The response with one of its pages made whole. */
function wholePage(answer: Answer, page: PageField): Answer {
  const { key, events, cursorKeys, hasMoreKeys } = page;
  const given = answer.data?.[key] as AnsweredPage | null | undefined;
  if (!given) return answer;
  const lists = [...events].flatMap(([name, records]) =>
    Array.isArray(given[name]) ? [{ name, records, listed: given[name] as AnsweredEvent[] }] : [],
  );
  const [first] = lists;
  if (!first) return answer;
  // The same events are listed under each key: an event that is incomplete in one list is incomplete in all.
  const became = first.listed.map((): Outcome => 'WHOLE');
  for (const { name, records, listed } of lists) {
    const errors = eventErrors(
      (answer.errors ?? []).filter(({ path }) => path?.[0] === key && path[1] === name),
      DEPTH,
    );
    for (const [index, outcome] of outcomesOf(
      records,
      listed,
      errors,
      (at) => listed[at]?.[KIND] === 'REMOVED',
    ).entries()) {
      if (became[index] !== 'UNANSWERED' && outcome !== 'WHOLE') became[index] = outcome;
    }
  }
  const unanswered = became.indexOf('UNANSWERED');
  const end = unanswered < 0 ? became.length : unanswered;
  const cursor = first.listed[end - 1]?.[CURSOR];
  for (const { listed } of lists) {
    for (const event of listed) {
      delete event[KIND];
      delete event[CURSOR];
    }
  }
  const kept = became.flatMap((outcome, index) => (index < end && outcome === 'WHOLE' ? [index] : []));
  if (kept.length === became.length) return answer;
  if (unanswered === 0) return withoutPage(answer, page);
  for (const { name, listed } of lists) given[name] = kept.map((index) => listed[index]);
  if (unanswered > 0) {
    for (const each of cursorKeys) if (Object.hasOwn(given, each)) given[each] = cursor;
    for (const each of hasMoreKeys) if (Object.hasOwn(given, each)) given[each] = true;
  }
  return ofKept(answer, page, kept);
}

/** The path steps to the events of a page. */
const DEPTH = 2;

/** The errors of the events that stay, with their new indexes. */
function ofKept(answer: Answer, { key, events }: PageField, kept: readonly number[]): Answer {
  const page = answer.data?.[key] as AnsweredPage | undefined;
  const listOf = (name: unknown): unknown[] | null =>
    page && typeof name === 'string' && events.has(name) ? (page[name] as unknown[]) : null;
  const errors = (answer.errors ?? []).flatMap((error): GraphQLError[] => {
    const [root, name] = error.path ?? [];
    const list = root === key ? listOf(name) : null;
    const [about] = list ? eventErrors([error], DEPTH) : [];
    if (!list || !about) return [error];
    if (about.at === '@') return isRefusal(error) || list.some((event) => lacks(event, about.path)) ? [error] : [];
    const at = kept.indexOf(about.at);
    return at < 0
      ? []
      : [
          new GraphQLError(error.message, {
            path: [key, name as string, at, ...about.path],
            extensions: error.extensions,
          }),
        ];
  });
  return withErrors(answer, errors, (path) => {
    const [root, name, _position, ...rest] = path.split('.');
    const list = root === key ? listOf(name) : null;
    return list === null || list.some((event) => lacks(event, rest));
  });
}

/** The first event could not be answered: there is no page. */
function withoutPage(answer: Answer, { key, source }: PageField): Answer {
  const data = { ...answer.data, [key]: null };
  const { message, extensions } = clientError(
    'SUBGRAPH_UNAVAILABLE',
    `The ${source} source, which keeps these records, does not answer: ask again with the same cursor.`,
    { retryable: true },
  );
  const error = new GraphQLError(message, { path: [key], extensions: { ...extensions, source } });
  const others = (answer.errors ?? []).filter(({ path }) => path?.[0] !== key);
  return withErrors({ ...answer, data }, [...others, error], (path) => path.split('.')[0] !== key, {
    source,
    paths: [key],
  });
}

interface Missing {
  readonly source: string;
  readonly paths: readonly string[];
}

function withErrors(
  { data, extensions }: Answer,
  errors: readonly GraphQLError[],
  isStill: (path: string) => boolean,
  more?: Missing,
): Answer {
  const completeness = extensions?.['completeness'] as { readonly missing: readonly Missing[] } | undefined;
  const still = (completeness?.missing ?? []).flatMap(({ source, paths }): Missing[] => {
    const left = paths.filter(isStill);
    return left.length > 0 ? [{ source, paths: left }] : [];
  });
  const same = still.find(({ source }) => source === more?.source);
  const missing = [
    ...still.filter((each) => each !== same),
    ...(more
      ? [{ source: more.source, paths: [...(same?.paths ?? []), ...more.paths].toSorted() }]
      : same
        ? [same]
        : []),
  ].toSorted((a, b) => (a.source < b.source ? -1 : 1));
  return {
    ...(data === undefined ? null : { data }),
    ...(errors.length > 0 ? { errors } : null),
    ...(extensions
      ? {
          extensions: {
            ...extensions,
            ...(completeness
              ? { completeness: { ...completeness, status: missing.length > 0 ? 'PARTIAL' : 'COMPLETE', missing } }
              : null),
          },
        }
      : null),
  };
}

const isRefusal = ({ extensions }: GraphQLError): boolean => extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE';
