/**
 * A topic of the log: the changes of one kind of record, as others follow them (docs/PROTOCOL.md). The subgraph that
 * keeps the records defines it.
 */
export interface Topic {
  /** In the log, in ids of changes and in cursors: it stays as it is. */
  readonly name: string;
  /** The field of `Query`, of `Subscription`, and of the inputs of webhooks and exports. */
  readonly field: string;
  /** The type of a change. */
  readonly changeType: string;
  /** The field of a change that has its record, and the type of the record. */
  readonly recordField: string;
  readonly recordType: string;
  /** Fields of a change that repeat the basis of the change (`RecordFeed.basis`), under its own names. */
  readonly basisFields: readonly ('documentNo' | 'legalBasis')[];
  /** The type of a record (`RecordFeed.type`): the argument of the filter, and what it may name. */
  readonly types: {
    readonly argument: string;
    readonly isKnown: (code: string) => boolean;
    readonly expected: string;
  };
  /** Whether the filter has `categories` (`RecordFeed.category`). */
  readonly hasCategories: boolean;
  /** The selection on a change that an export has whose caller names no fields. */
  readonly wholeRecord: string;
  /**
   * The path of the SDL of the change, of its filter and of the fields above. It is composed into the control subgraph,
   * which delivers changes.
   */
  readonly schemaFile: string;
}
