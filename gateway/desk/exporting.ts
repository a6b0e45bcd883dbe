import { GraphQLError, Kind, print } from 'graphql';
import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { clientError, notFound } from '#kit/errors.ts';
import { may } from '#policy/actions.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';
import { parseWithin, standardLimits } from '../limits.ts';
import { readFilter } from '../live/filter.ts';
import type { ChangeLog, Topic } from '../live/log.ts';
import { filterIn } from '../live/notice.ts';
import { atEnd, cursorScope, sealPlace } from '../live/place.ts';
import { conflict, forbidden, invalid } from './answers.ts';
import { type ExportRow, type Exports, manifestOf, MOST_UNDONE } from './exports.ts';
import type { MutationCancelExportArgs, MutationCreateExportArgs, QueryExportArgs, ViewerExportsArgs } from './resolvers.generated.ts';

export interface ExportDoor {
  /** Why the viewer cannot have these fields of the topic's changes; null: it can. */
  readonly fieldsProblem: (topic: Topic, selection: string, viewer: Viewer) => Promise<string | null>;
  /** Whether the viewer may choose the fields: not where it may only ask what was published for it. */
  readonly mayChooseFields: (viewer: Viewer) => boolean;
  /** The sealed instant of the source that keeps the topic. @throws SubgraphUnavailable */
  readonly sealed: (topic: Topic) => Promise<string>;
  /** There is one to be made. */
  readonly wasMade: () => void;
}

export interface ExportingParts extends ExportDoor {
  readonly exports: Exports;
  readonly log: Pick<ChangeLog, 'bounds'>;
  readonly cursors: CursorSealer;
  readonly ownsWatchlist: (viewer: Viewer, id: string) => Promise<boolean>;
}

interface Asking {
  readonly viewer: Viewer;
}

const wholeRecord: Readonly<Record<Topic, string>> = {
  NAME_LIST: '{ recordId version subject { uscc } entry { id version listType { code } category state authority { name uscc } documentNo listedOn grounds legalBasis termUntil removedOn removalReason publicUntil validFrom validTo recordedAt underObjection disclosureLevel } }',
  EVALUATION: '{ recordId version subject { uscc } evaluation { id version scheme { code version } grade gradeMeaning evaluatedOn dataAsOf validUntil evaluator { name uscc } cause validFrom validTo recordedAt underObjection disclosureLevel } }',
};

/** What of the schema is about exports; spread into the desk's resolvers. */
export function createExportResolvers({ exports, log, cursors, ownsWatchlist, fieldsProblem, mayChooseFields, sealed, wasMade }: ExportingParts) {
  const scope = ({ organisation, role }: Viewer): string => JSON.stringify(['Viewer.exports', organisation, role]);
  return {
    Query: {
      async export(_: unknown, { id }: QueryExportArgs, { viewer }: Asking): Promise<ExportRow> {
        const found = await exports.find(viewer, id);
        if (!found) throw notFound('This export');
        return found;
      },
    },
    Viewer: {
      async exports(viewer: Viewer, { first, after }: ViewerExportsArgs): Promise<Connection<ExportRow>> {
        return {
          page: await exports.page(viewer, checkFirst(first), cursors.openGiven(scope(viewer), after)),
          cursorOf: ({ createdAt, id }) => cursors.seal(scope(viewer), [createdAt.toISOString(), id]),
          count: () => exports.count(viewer),
        };
      },
    },
    Mutation: {
      async createExport(_: unknown, { input }: MutationCreateExportArgs, { viewer }: Asking) {
        if (!may(viewer, 'changes:follow')) throw forbidden();
        if (outcomeFor(viewer, 'RECORD') === 'PURPOSE') throw clientError('PURPOSE_REQUIRED', 'An export reads records for a purpose: name one that your token allows in the header x-purpose.');
        const { nameListChanges, evaluationChanges } = input;
        const given = nameListChanges != null ? nameListChanges : evaluationChanges;
        if (given == null || (nameListChanges != null && evaluationChanges != null)) return invalid('TOPIC', 'An export is of one kind of record: give `nameListChanges` or `evaluationChanges`.', ['input']);
        const topic: Topic = nameListChanges != null ? 'NAME_LIST' : 'EVALUATION';
        const filter = readFilter(topic, given);
        if (filter.watchlist !== null && !(await ownsWatchlist(viewer, filter.watchlist))) return invalid('NOT_FOUND', 'Your organisation has no watchlist with this id.', ['input', nameListChanges != null ? 'nameListChanges' : 'evaluationChanges', 'watchlist']);
        if (input.fields != null && !mayChooseFields(viewer)) return invalid('FIELDS', 'Only published documents are answered here: leave `fields` out, for all that a record states.', ['input', 'fields']);
        const selection = input.fields == null ? wholeRecord[topic] : selectionOf(input.fields);
        if (selection instanceof GraphQLError) return invalid('FIELDS', selection.message, ['input', 'fields']);
        const problem = await fieldsProblem(topic, selection, viewer);
        if (problem !== null) return invalid('FIELDS', problem, ['input', 'fields']);
        // The head first: whatever has a number by then was recorded by the instant that is sealed after it.
        const { head } = await log.bounds();
        const answer = await exports.create(viewer, input, { topic, filter: given, selection, knownAt: await sealed(topic), head });
        if (answer === 'TOO_MANY') return invalid('TOO_MANY', `An organisation has at most ${MOST_UNDONE} exports in a role that are not done: wait for one, or cancel it.`, ['input']);
        if (answer.outcome === 'conflict') return conflict();
        wasMade();
        return { __typename: 'ExportCreated' as const, export: await exports.find(viewer, answer.result) };
      },
      async cancelExport(_: unknown, { input }: MutationCancelExportArgs, { viewer }: Asking) {
        if (!may(viewer, 'changes:follow')) throw forbidden();
        if (!(await exports.find(viewer, input.id))) return invalid('NOT_FOUND', 'Your organisation has no export with this id.', ['input', 'id']);
        const answer = await exports.cancel(viewer, input);
        if (answer.outcome === 'conflict') return conflict();
        wasMade();
        return { __typename: 'ExportCancelled' as const, export: await exports.find(viewer, answer.result) };
      },
    },
    Export: {
      progress: ({ status }: ExportRow) => (status === 'COMPLETED' ? 1 : null),
      rows: ({ rowCount }: ExportRow) => Number(rowCount),
      parts: ({ id, parts }: ExportRow) => parts.map(({ number, digest, bytes, rowCount }) => ({ no: number, path: `/exports/${id}/parts/${number}`, digest: Buffer.from(digest).toString('hex'), bytes: Number(bytes), rows: rowCount })),
      manifest: ({ status, parts }: ExportRow) => (status === 'COMPLETED' ? manifestOf(parts) : null),
      cursor: ({ topic, filter, position }: ExportRow, _: unknown, { viewer }: Asking) => sealPlace(cursors, cursorScope(viewer, filterIn(topic, filter)), atEnd(BigInt(position))),
      knownAt: ({ knownAt }: ExportRow) => knownAt.toISOString(),
      expiresAt: ({ expiresAt }: ExportRow) => expiresAt.toISOString(),
    },
    ExportConnection: connectionFields<ExportRow>(),
    ExportEdge: edgeFields<ExportRow>(),
  };
}

/** A selection and nothing else: printed anew, so that nothing of the text can be anything else. */
function selectionOf(fields: string): string | GraphQLError {
  // Bounded before it is parsed, as every text is; its root fields are those of a record and not of the graph.
  const document = parseWithin({ ...standardLimits, rootFields: standardLimits.fields }, `{ ${fields}\n}`);
  if (document instanceof GraphQLError) return document;
  const [operation, ...others] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION || others.length > 0) return new GraphQLError('One selection, without fragments of its own.');
  return print(operation.selectionSet);
}
