import { GraphQLError } from 'graphql';
import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { clientError, notFound } from '#kit/errors.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import { readFilter, storedFilter } from '#gateway/changes/filter.ts';
import { type KeptTopic, topicFields, topicIn, type Topics } from '#gateway/changes/topics.ts';
import type { ChangeLog } from '#gateway/feed/log.ts';
import { atHead, cursorScope, sealPosition } from '#gateway/changes/position.ts';
import { conflict, forbidden, invalid, type InvalidInput } from '#kit/refusals.ts';
import { selectionOf } from './fields.ts';
import { type ExportRow, type Exports, manifestOf, MAX_PENDING, type NewExport } from './repository.ts';
import type {
  CreateExportInput,
  MutationCancelExportArgs,
  MutationCreateExportArgs,
  QueryExportArgs,
  Resolvers,
  ResolversParentTypes,
  ViewerExportsArgs,
} from './resolvers.generated.ts';

export interface ExportParts {
  readonly topics: Topics;
  readonly exports: Exports;
  readonly changeLog: Pick<ChangeLog, 'bounds'>;
  readonly cursors: CursorSealer;
  readonly ownsWatchlist: (viewer: Viewer, id: string) => Promise<boolean>;
  /** Why the viewer cannot have these fields of the topic's changes; null: it can. */
  readonly fieldsProblem: (topic: KeptTopic, selection: string, viewer: Viewer) => Promise<string | null>;
  /** Whether the viewer may choose the fields: not where its role may only run what was published for it. */
  readonly mayChooseFields: (viewer: Viewer) => boolean;
  /** The sealed instant of the source that keeps the topic. @throws SubgraphUnavailable */
  readonly sealed: (topic: KeptTopic) => Promise<string>;
  /** Called when an export waits to be made or to be cancelled. */
  readonly onExportCreated: () => void;
}

interface Caller {
  readonly viewer: Viewer;
}

export function createExportResolvers(parts: ExportParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  return {
    Query: {
      async export(_: unknown, { id }: QueryExportArgs, { viewer }: Caller): Promise<ExportRow> {
        const found = await parts.exports.find(viewer, id);
        if (!found) throw notFound('This export');
        return found;
      },
    },
    Viewer: {
      exports: (viewer: Viewer, args: ViewerExportsArgs) => pageOfExports(parts, viewer, args),
    },
    Mutation: {
      createExport: (_: unknown, { input }: MutationCreateExportArgs, { viewer }: Caller) =>
        createExport(parts, viewer, input),
      cancelExport: (_: unknown, { input }: MutationCancelExportArgs, { viewer }: Caller) =>
        cancelExport(parts, viewer, input),
    },
    Export: exportFields(parts),
    ExportConnection: connectionFields<ExportRow>(),
    ExportEdge: edgeFields<ExportRow>(),
  };
}

async function pageOfExports(
  { exports, cursors }: ExportParts,
  viewer: Viewer,
  { first, after }: ViewerExportsArgs,
): Promise<Connection<ExportRow>> {
  const pager = cursors.pager('Viewer.exports', [viewer.organisation, viewer.role], null);
  return {
    page: await exports.page(viewer, checkFirst(first), pager.position(after)),
    cursorOf: ({ createdAt, id }) => pager.cursorOf(createdAt.toISOString(), id),
    count: () => exports.count(viewer),
  };
}

async function createExport(parts: ExportParts, viewer: Viewer, input: CreateExportInput) {
  const { exports, changeLog: log, sealed, onExportCreated } = parts;
  if (!may(viewer, 'changes:follow')) throw forbidden();
  const checked = await checkNew(parts, viewer, input);
  if ('__typename' in checked) return checked;
  // The head is read first: every change numbered by then was recorded by the instant that is sealed afterwards.
  const { head } = await log.bounds();
  const answer = await exports.create(viewer, input, {
    ...checked,
    topic: checked.topic.name,
    knownAt: await sealed(checked.topic),
    head,
  });
  if (answer === 'TOO_MANY')
    return invalid(
      'TOO_MANY',
      `An organisation has at most ${MAX_PENDING} exports in a role that are not done: wait for one, or cancel it.`,
      ['input'],
    );
  if (answer.outcome === 'conflict') return conflict();
  onExportCreated();
  return { __typename: 'ExportCreated' as const, export: await exports.find(viewer, answer.result) };
}

/**
 * Which records a new export has, and which of their fields.
 * @returns a refusal where the caller can correct the input
 * @throws PURPOSE_REQUIRED, BAD_USER_INPUT for the filter
 */
async function checkNew(
  parts: ExportParts,
  viewer: Viewer,
  input: CreateExportInput,
): Promise<(Pick<NewExport, 'filter' | 'selection'> & { readonly topic: KeptTopic }) | InvalidInput> {
  if (outcomeFor(viewer, 'RECORD') === 'PURPOSE')
    throw clientError(
      'PURPOSE_REQUIRED',
      'An export reads records for a purpose: name one that your token allows in the header x-purpose.',
    );
  const given = topicIn(parts.topics, input);
  if (given === null)
    return invalid('TOPIC', `An export is of one kind of record: give ${topicFields(parts.topics)}.`, ['input']);
  const { topic } = given;
  const filter = readFilter(topic, given.filter);
  if (filter.watchlist !== null && !(await parts.ownsWatchlist(viewer, filter.watchlist)))
    return invalid('NOT_FOUND', 'Your organisation has no watchlist with this id.', [
      'input',
      topic.field,
      'watchlist',
    ]);
  const selection = await checkFields(parts, viewer, topic, input.fields);
  return typeof selection === 'string' ? { topic, filter: given.filter, selection } : selection;
}

/** The selection of the rows, or why the viewer cannot have it. */
async function checkFields(
  { fieldsProblem, mayChooseFields }: ExportParts,
  viewer: Viewer,
  topic: KeptTopic,
  fields: CreateExportInput['fields'],
): Promise<string | InvalidInput> {
  if (fields != null && !mayChooseFields(viewer))
    return wrongFields('Only published documents are answered here: leave `fields` out, for all that a record states.');
  const selection = fields == null ? topic.wholeRecord : selectionOf(fields);
  if (selection instanceof GraphQLError) return wrongFields(selection.message);
  const problem = await fieldsProblem(topic, selection, viewer);
  return problem === null ? selection : wrongFields(problem);
}

const wrongFields = (message: string): InvalidInput => invalid('FIELDS', message, ['input', 'fields']);

async function cancelExport(
  { exports, onExportCreated }: ExportParts,
  viewer: Viewer,
  input: MutationCancelExportArgs['input'],
) {
  if (!may(viewer, 'changes:follow')) throw forbidden();
  if (!(await exports.find(viewer, input.id)))
    return invalid('NOT_FOUND', 'Your organisation has no export with this id.', ['input', 'id']);
  const answer = await exports.cancel(viewer, input);
  if (answer.outcome === 'conflict') return conflict();
  onExportCreated();
  return { __typename: 'ExportCancelled' as const, export: await exports.find(viewer, answer.result) };
}

const exportFields = ({ topics, cursors }: ExportParts) => ({
  progress: ({ status }: ExportRow) => (status === 'COMPLETED' ? 1 : null),
  rows: ({ rowCount }: ExportRow) => Number(rowCount),
  parts: ({ id, parts }: ExportRow) =>
    parts.map(({ number, digest, bytes, rowCount }) => ({
      no: number,
      path: `/exports/${id}/parts/${number}`,
      digest: Buffer.from(digest).toString('hex'),
      bytes: Number(bytes),
      rows: rowCount,
    })),
  manifest: ({ status, parts }: ExportRow) => (status === 'COMPLETED' ? manifestOf(parts) : null),
  cursor: ({ topic, filter, position }: ExportRow, _: unknown, { viewer }: Caller) =>
    sealPosition(cursors, cursorScope(viewer, storedFilter(topics.named(topic), filter)), atHead(BigInt(position))),
  knownAt: ({ knownAt }: ExportRow) => knownAt.toISOString(),
  expiresAt: ({ expiresAt }: ExportRow) => expiresAt.toISOString(),
});
