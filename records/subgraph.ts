import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Readable } from 'node:stream';
import type { Viewer } from '#policy/viewer.ts';
import type { Bulkhead } from '#kit/bulkhead.ts';
import { createCursorSealer, type CursorSealer } from '#kit/cursor.ts';
import type { HeadReader } from './heads.ts';
import { createInstants, type Instants } from './instants.ts';
import type { KeyRing } from '#kit/keys.ts';
import type { Log } from '#kit/log.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { createExecution, type SubgraphRequest } from './execution.ts';
import { createDigester } from './record.ts';
import { hasRecordEvents } from './outbox.ts';
import { createPublicationCalendar, type PublicationCalendar } from './publicationCalendar.ts';
import { createSweep, type ErasableTable, type Sweep } from './retention.ts';
import { createRuleStore, type RuleStore } from './ruleStore.ts';
import { createOwnSchema } from '#kit/schema/ownSchema.ts';
import { subgraphTypeDefs } from '#kit/schema/typeDefs.ts';
import type { DecideConflict } from './filing/conflictDecision.ts';
import type { Replacement } from './filing/replacement.ts';
import { createSourceUnits, type SourceUnits } from './sourceUnits.ts';
import type { Topic } from './topic.ts';
import type { Form } from '#standards/forms/form.ts';

/** What a subgraph is made from. */
export interface SubgraphDependencies {
  /** A pool in the subgraph's own role; it is closed with the subgraph. */
  readonly pool: Pool;
  readonly cursorKeys: KeyRing;
  readonly digestKeys: KeyRing;
  readonly log: Log;
  readonly now: () => Date;
}

/** What a subgraph's own code receives to build its repository and resolvers. */
export interface SubgraphRuntime {
  readonly units: SourceUnits;
  readonly pool: Pool;
  readonly cursors: CursorSealer;
  readonly instants: Instants;
  readonly rules: RuleStore;
  readonly digest: (canonical: string) => string;
  readonly log: Log;
  readonly now: () => Date;
}

export interface SubgraphStatus {
  /** Nothing will be recorded at or before this instant any more. */
  readonly sealed: string;
  /**
   * Codes of the units that filed later than they promised. Names are left out: they are in records, which not
   * everybody may see.
   */
  readonly lateUnits: readonly string[];
}

/** A part of a filing, as it reaches the subgraph that keeps its kind. */
export interface FilingPart {
  readonly filingId: string;
  readonly number: number;
  readonly kind: string;
  readonly format: 'CSV' | 'NDJSON';
  /**
   * The outcome of each row is wanted, for a batch whose caller waits for it. All rows, including the first, are then
   * judged one by one.
   */
  readonly wantsRows?: boolean;
  /**
   * The filing replaces all that the viewer's organisation has of the kind: rows of other units are refused, and its
   * own rows are noted.
   */
  readonly replaces?: boolean;
}

/** The outcome of one row of a part. */
export interface RowOutcome {
  readonly row: number;
  readonly outcome: 'ADDED' | 'CORRECTED' | 'UNCHANGED' | 'PENDING' | 'REJECTED';
  /** Null for a rejected row, and for a pending row of a record that does not exist yet. */
  readonly record: { readonly uscc: string; readonly recordId: string; readonly version: number } | null;
  /** Of a pending row, what a second person decides; null or left out for any other row. */
  readonly proposal?: { readonly uscc: string; readonly id: string } | null;
  /** Why the row was rejected, or the warnings with which it was taken. */
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
  /** Rows that wait for a second person, or contradict another source and wait for a decision. */
  readonly pending: number;
  readonly rejected: number;
  readonly warned: number;
  /** SHA-256 of the bytes, in hex. */
  readonly digest: string;
  /** Rejected rows with their reasons; the first 20 000. */
  readonly rejectedRows: readonly RejectedRow[];
  /** By row, when they were requested. */
  readonly rowOutcomes?: readonly RowOutcome[];
}

/**
 * Reads one part and records its rows. Safe to run twice: a row that the same filing recorded before counts as it did
 * then, and an equal row of another filing counts as unchanged.
 */
export interface FilingIntake {
  (viewer: Viewer, part: FilingPart, bytes: Readable): Promise<PartOutcome>;
  readonly replacement: Replacement;
  readonly decideConflict: DecideConflict;
}

export interface SubgraphParts {
  readonly resolvers: Record<string, unknown>;
  /** By kind of filing. */
  readonly filings: Readonly<Record<string, FilingIntake>>;
  /** Tables whose records are kept for as long as the rules require; left out: everything is kept. */
  readonly erasable?: readonly ErasableTable[];
  /**
   * Computes again what the rules of now make of the records, as far as that was not done; left out: nothing is
   * computed. Returns how many records became others.
   */
  readonly recompute?: () => Promise<number>;
  /** Records without their content, by topic; left out: no record has an event of its own. */
  readonly heads?: HeadReaders;
  /**
   * Bulkheads by name, each of which lets a limited number of requests of a kind through at once; left out: there are
   * none.
   */
  readonly bulkheads?: Readonly<Record<string, Bulkhead>>;
}

/** By the name of the topic. */
export type HeadReaders = Readonly<Record<string, HeadReader>>;

/** What is filed to a subgraph. */
export interface FilingKind {
  /** The type of its records in the graph, which their ids contain; null for the register of entities itself. */
  readonly type: string | null;
  readonly form: Form;
}

/** A subgraph, as everything else learns of it: docs/adding-a-subgraph.md. */
export interface SubgraphDefinition {
  /** The name of its folder, of its schema in PostgreSQL and of its part of the supergraph. */
  readonly name: string;
  readonly schemaFile: string;
  /** By the name that filers use. */
  readonly kinds: Readonly<Record<string, FilingKind>>;
  /** Left out: nobody follows changes of its records. */
  readonly topics?: readonly Topic[];
  readonly open: (runtime: SubgraphRuntime) => SubgraphParts;
}

/** A running subgraph: the same object in the gateway's process and behind HTTP. */
export interface Subgraph extends AsyncDisposable {
  readonly name: string;
  readonly kinds: SubgraphDefinition['kinds'];
  readonly schema: GraphQLSchema;
  execute(request: SubgraphRequest): Promise<ExecutionResult>;
  status(): Promise<SubgraphStatus>;
  readonly filings: Readonly<Record<string, FilingIntake>>;
  /** The units that file to the subgraph. */
  readonly units: Pick<SourceUnits, 'register' | 'of'>;
  /** Erases what is no longer kept. */
  readonly sweep: Sweep;
  /** Computes again what the rules of now make of the records; null where nothing is computed. */
  readonly recompute: (() => Promise<number>) | null;
  /** Publishes what began and ended to be published by the calendar. */
  readonly publicationCalendar: PublicationCalendar;
  readonly heads: HeadReaders;
  readonly bulkheads: Readonly<Record<string, Bulkhead>>;
  readonly pool: Pool;
}

/** A name is part of SQL and of URLs. */
const NAME = /^[a-z][a-z0-9]*$/;

/** @throws Error where the definition and what the subgraph opens do not fit together */
function checkDefinition({ name, kinds, topics = [] }: SubgraphDefinition, opened: SubgraphParts): void {
  if (!NAME.test(name)) throw new Error(`Subgraph ${name}: expected a name of lower-case letters and digits`);
  const compare = (what: string, defined: readonly string[], there: object = {}): void => {
    const differing = new Set(defined).symmetricDifference(new Set(Object.keys(there)));
    if (differing.size > 0)
      throw new Error(`Subgraph ${name}: expected ${what}, and only one of the two has ${[...differing].join(', ')}`);
  };
  compare('an intake in `filings` for each of `kinds`', Object.keys(kinds), opened.filings);
  compare(
    'a reader in `heads` for each of `topics`',
    topics.map((topic) => topic.name),
    opened.heads,
  );
}

/**
 * Creates a subgraph.
 * @throws Error that names every field whose policy is missing or inconsistent, or what the definition lacks
 */
export function createSubgraph(definition: SubgraphDefinition, dependencies: SubgraphDependencies): Subgraph {
  const { pool, log, now } = dependencies;
  const instants = createInstants(pool, definition.name);
  const units = createSourceUnits(pool, definition.name, now);
  const rules = createRuleStore(pool, undefined, log);
  const opened = definition.open({
    pool,
    units,
    instants,
    rules,
    cursors: createCursorSealer(dependencies.cursorKeys),
    digest: createDigester(dependencies.digestKeys),
    log,
    now,
  });
  checkDefinition(definition, opened);
  const { resolvers, filings, erasable = [], recompute = null, heads = {}, bulkheads = {} } = opened;
  const schema = createOwnSchema(`Subgraph ${definition.name}`, subgraphTypeDefs(definition.schemaFile), resolvers);

  return {
    name: definition.name,
    kinds: definition.kinds,
    schema,
    filings,
    recompute,
    sweep: createSweep({ pool, rules, now }, erasable),
    publicationCalendar: createPublicationCalendar(
      { pool, instants, now },
      definition.name,
      erasable.flatMap((table) => (hasRecordEvents(table.feed) ? [{ ...table, feed: table.feed }] : [])),
    ),
    units,
    heads,
    bulkheads,
    pool,
    execute: createExecution(definition.name, schema, { log, now }),
    async status() {
      const [sealed, late] = await Promise.all([instants.seal(), units.late()]);
      return { sealed, lateUnits: late };
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
