import type { ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import type { Readable } from 'node:stream';
import { filterOperation } from '#policy/filter.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { SubgraphName } from './config.ts';
import type { Moment, Read, SubgraphContext } from './context.ts';
import { createCursorSealer, type CursorSealer } from './cursor.ts';
import { faultOf } from './faults.ts';
import type { RecordFeed } from './feed.ts';
import type { HeadReader } from './heads.ts';
import { createInstants, type Instants } from './instants.ts';
import type { KeyRing } from './keys.ts';
import type { Log } from './log.ts';
import type { Pool } from './postgres/pool.ts';
import { createDigester } from './records.ts';
import { tellsRecords } from './feed.ts';
import { createTurnDays, type TurnDays } from './publicationDays.ts';
import { createSweep, type ErasableTable, type Sweep } from './retention.ts';
import { createRuleBook, type RuleBook } from './ruleBook.ts';
import { createRetryBudget, readTwice } from './retry.ts';
import { createRunner, type Prepared } from './runner.ts';
import { createOwnSchema } from './schema/ownSchema.ts';
import type { Replacement } from './filing/replacement.ts';
import { createSourceUnits, type SourceUnits } from './sourceUnits.ts';
import { shanghaiDay } from '#standards/dates.ts';

/** What a subgraph is made from. */
export interface SubgraphDependencies {
  /** A pool in the subgraph's own role; it is closed with the subgraph. */
  readonly pool: Pool;
  readonly cursorKeys: KeyRing;
  readonly digestKeys: KeyRing;
  readonly log: Log;
  readonly now: () => Date;
}

/** What a subgraph's own code is given to build its repository and resolvers. */
export interface Workshop {
  readonly units: SourceUnits;
  readonly pool: Pool;
  readonly cursors: CursorSealer;
  readonly instants: Instants;
  readonly rules: RuleBook;
  readonly digest: (canonical: string) => string;
  readonly log: Log;
  readonly now: () => Date;
}

export interface SubgraphStatus {
  /** Nothing will be recorded at or before this instant any more. */
  readonly sealed: string;
  /** Codes of the units that filed later than they promised. Not their names: those stand in records, which not everybody may see. */
  readonly lateUnits: readonly string[];
}

/** A part of a filing, as it reaches the subgraph that keeps its kind. */
export interface FilingPart {
  readonly filingId: string;
  readonly number: number;
  readonly kind: string;
  readonly format: 'CSV' | 'NDJSON';
  /** The outcome of each row is wanted, for a batch that somebody waits for: rows are then judged one by one, the first one too. */
  readonly wantsRows?: boolean;
  /** The filing replaces all that the viewer's organisation has of the kind: rows of other units are refused, and what it has is noted. */
  readonly replaces?: boolean;
}

/** What became of one row of a part. */
export interface RowOutcome {
  readonly row: number;
  readonly outcome: 'ADDED' | 'CORRECTED' | 'UNCHANGED' | 'PENDING' | 'REJECTED';
  /** Null for a rejected row, and for a pending one of a record that is not there yet. */
  readonly record: { readonly uscc: string; readonly recordId: string; readonly version: number } | null;
  /** Of a pending row: what a second person decides; of any other null, or left out. */
  readonly proposal?: { readonly uscc: string; readonly id: string } | null;
  /** Why it was rejected, or what it was taken in spite of. */
  readonly problems: RejectedRow['problems'];
}

export interface RejectedRow {
  readonly row: number;
  readonly problems: readonly { column: string; code: string; message: string }[];
}

export interface PartOutcome {
  readonly rows: number;
  readonly added: number;
  readonly corrected: number;
  readonly unchanged: number;
  /** Rows that wait for a second person. */
  readonly pending: number;
  readonly rejected: number;
  readonly warned: number;
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string;
  /** Rejected rows with their reasons; the first 20 000. */
  readonly rejectedRows: readonly RejectedRow[];
  /** By row, when they were wanted. */
  readonly rowOutcomes?: readonly RowOutcome[];
}

/** Reads one part and records its rows. Safe to run twice: a row that the same filing recorded before counts as it did then, another's equal one as unchanged. */
export interface FilingDoor {
  (viewer: Viewer, part: FilingPart, bytes: Readable): Promise<PartOutcome>;
  readonly replacement: Replacement;
}

export interface SubgraphParts {
  readonly resolvers: Record<string, unknown>;
  /** By kind of filing. */
  readonly filings: Readonly<Record<string, FilingDoor>>;
  /** Tables whose records are kept for as long as the rules say; left out: none, all is kept. */
  readonly erasable?: readonly ErasableTable[];
  /** Records without their content, by topic; left out: no record of it is told one by one. */
  readonly heads?: HeadReaders;
  /** What lets only some questions of a kind through at once, by name; left out: nothing does. */
  readonly bulkheads?: Readonly<Record<string, Bulkhead>>;
}

/** By topic of the log. */
export type HeadReaders = Readonly<Partial<Record<RecordFeed['topic'], HeadReader>>>;

export interface SubgraphDefinition {
  readonly name: SubgraphName;
  readonly schemaFile: string;
  readonly open: (workshop: Workshop) => SubgraphParts;
}

export interface SubgraphRequest {
  readonly document: string;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  readonly moment: Moment;
  readonly signal: AbortSignal;
}

/** A running subgraph: the same object in the gateway's process and behind HTTP. */
export interface Subgraph extends AsyncDisposable {
  readonly name: SubgraphName;
  readonly schema: GraphQLSchema;
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
  status(): Promise<SubgraphStatus>;
  readonly filings: Readonly<Record<string, FilingDoor>>;
  /** The units that file to it. */
  readonly units: Pick<SourceUnits, 'register' | 'of'>;
  /** Erases what is no longer kept. */
  readonly sweep: Sweep;
  /** Tells what began and ended to be published by the calendar. */
  readonly turnDays: TurnDays;
  readonly heads: HeadReaders;
  readonly bulkheads: Readonly<Record<string, Bulkhead>>;
  readonly pool: Pool;
}

/** One line for each kind of failure of a call, however many fields failed of it: what was thrown, and where first. */
export function logFailures(log: Log, errors: readonly GraphQLError[]): void {
  const known = new Set<string>();
  for (const error of errors) {
    const isFault = error.extensions?.['code'] !== undefined;
    if (isFault && faultOf(error.originalError) === null) continue; // a refusal, which is the caller's
    const cause = error.originalError ?? error;
    if (known.has(cause.message)) continue;
    known.add(cause.message);
    if (known.size > MAX_LOGGED) return;
    log[isFault ? 'warn' : 'error']({ err: cause, path: error.path, fields: errors.length }, isFault ? 'what keeps the records failed' : 'a field failed');
  }
}

const MAX_LOGGED = 5;

/**
 * Makes a subgraph.
 * @throws Error that names every field whose policy is missing or does not hold together.
 */
export function createSubgraph(definition: SubgraphDefinition, dependencies: SubgraphDependencies): Subgraph {
  const { pool, log, now } = dependencies;
  const instants = createInstants(pool, definition.name);
  const units = createSourceUnits(pool, definition.name, now);
  const rules = createRuleBook(pool);
  const { resolvers, filings, erasable = [], heads = {}, bulkheads = {} } = definition.open({
    pool,
    units,
    instants,
    rules,
    cursors: createCursorSealer(dependencies.cursorKeys),
    digest: createDigester(dependencies.digestKeys),
    log,
    now,
  });
  const schema = createOwnSchema(`Subgraph ${definition.name}`, definition.schemaFile, resolvers);

  const prepare = createRunner(schema);
  const budget = createRetryBudget();
  // The gateway has cut what the viewer may not see; whoever comes with a passport and asks all the same is refused here.
  // A document is refused or allowed alike for all with the same role and a purpose or none.
  const known = new WeakMap<Prepared, Map<string, readonly GraphQLError[]>>();
  const refusals = (operation: Prepared, { viewer, variables }: SubgraphRequest): readonly GraphQLError[] => {
    let byRole = known.get(operation);
    if (!byRole) known.set(operation, (byRole = new Map()));
    const key = `${viewer.role} ${viewer.purpose === null ? '' : 'for a purpose'}`;
    const found = byRole.get(key);
    if (found) return found;
    const { errors, dependsOnVariables } = filterOperation(schema, operation.document, operation.operation, variables, viewer);
    if (!dependsOnVariables) byRole.set(key, errors);
    return errors;
  };

  return {
    name: definition.name,
    schema,
    filings,
    sweep: createSweep({ pool, rules, now }, erasable),
    turnDays: createTurnDays({ pool, instants, now }, definition.name, erasable.flatMap((table) => (tellsRecords(table.feed) ? [{ ...table, feed: table.feed }] : []))),
    units,
    heads,
    bulkheads,
    pool,
    async execute(request) {
      const operation = prepare(request.document, request.operationName);
      if ('errors' in operation) return operation;
      const refused = refusals(operation, request);
      if (refused.length > 0) return { data: null, errors: refused };
      let reads: Read[] = [];
      let selfEmployed = new Set<string>();
      // Each attempt has a context of its own, and notes what it has read itself.
      const attempt = (): Promise<ExecutionResult> => {
        reads = [];
        selfEmployed = new Set();
        const context: SubgraphContext = { viewer: request.viewer, moment: request.moment, today: shanghaiDay(now()), reads, selfEmployed, signal: request.signal };
        return operation.run(context, request.variables);
      };
      const result = await (operation.operation.operation === 'query' ? readTwice(budget, request.signal, attempt) : attempt());
      if (result.errors) logFailures(log, result.errors);
      if (reads.length === 0 && selfEmployed.size === 0) return result;
      return { ...result, extensions: { ...result.extensions, ...(reads.length > 0 ? { reads } : null), ...(selfEmployed.size > 0 ? { selfEmployed: [...selfEmployed] } : null) } };
    },
    async status() {
      const [sealed, late] = await Promise.all([instants.seal(), units.late()]);
      return { sealed, lateUnits: late };
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
