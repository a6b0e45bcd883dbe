import {
  type FragmentDefinitionNode,
  getNamedType,
  type GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { Topic } from '#records/topic.ts';

// Whether a change came with its record (docs/PROTOCOL.md P10). A change names its record, and the subgraph that keeps
// the record supplies the content. While that subgraph cannot answer, for whatever reason, the change is not sent. So
// any error at the record counts, except errors that are decisions. An event without its content would be applied by
// the client, and the client's cursor would move past it.

/**
 * The types whose fields lead from a record to other subgraphs; everything else in a record belongs to its own
 * subgraph.
 */
export const BEYOND: ReadonlySet<string> = new Set(['Entity', 'FactConflict']);

/** The response keys that a record's own subgraph resolves; null where other subgraphs resolve what is below. */
export interface OwnKeys extends ReadonlyMap<string, OwnKeys | null> {}

/** The response keys under which a selection requests the record of a change. */
export type RecordKeys = ReadonlyMap<string, OwnKeys>;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** @param selection on `ChangeEvent` */
export function recordKeysIn(
  schema: GraphQLSchema,
  { changeType, recordField }: Pick<Topic, 'changeType' | 'recordField'>,
  selection: SelectionSetNode | undefined,
  fragments: Fragments,
): RecordKeys {
  const change = schema.getType(changeType);
  const keys = new Map<string, Map<string, OwnKeys | null>>();
  if (!isObjectType(change)) return keys;
  const record = change.getFields()[recordField];
  eachField(
    selection,
    fragments,
    (condition) => condition === null || !isObjectType(schema.getType(condition)) || condition === changeType,
    (field) => {
      if (!record || field.name.value !== record.name) return;
      const key = field.alias?.value ?? field.name.value;
      const own = keys.get(key) ?? new Map<string, OwnKeys | null>();
      keys.set(key, own);
      addOwn(schema, getNamedType(record.type), field.selectionSet, fragments, own);
    },
  );
  return keys;
}

function addOwn(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  selection: SelectionSetNode | undefined,
  fragments: Fragments,
  own: Map<string, OwnKeys | null>,
  on = type,
): void {
  for (const each of selection?.selections ?? []) {
    if (each.kind === Kind.FIELD) {
      const field = isObjectType(on) || isInterfaceType(on) ? on.getFields()[each.name.value] : undefined;
      if (!field) continue; // __typename
      const given = getNamedType(field.type);
      const key = each.alias?.value ?? each.name.value;
      if (BEYOND.has(given.name)) own.set(key, null);
      else if (own.get(key) !== null) {
        const below = (own.get(key) as Map<string, OwnKeys | null> | undefined) ?? new Map<string, OwnKeys | null>();
        own.set(key, below);
        addOwn(schema, given, each.selectionSet, fragments, below);
      }
      continue;
    }
    const fragment = each.kind === Kind.INLINE_FRAGMENT ? each : fragments.get(each.name.value);
    const condition = fragment?.typeCondition ? schema.getType(fragment.typeCondition.name.value) : undefined;
    addOwn(schema, type, fragment?.selectionSet, fragments, own, condition ?? on);
  }
}

/** Each field of a selection, also through fragments. */
export function eachField(
  selection: SelectionSetNode | undefined,
  fragments: Fragments,
  applies: (condition: string | null) => boolean,
  found: (field: Extract<SelectionSetNode['selections'][number], { kind: Kind.FIELD }>) => void,
): void {
  for (const each of selection?.selections ?? []) {
    if (each.kind === Kind.FIELD) {
      found(each);
      continue;
    }
    const fragment = each.kind === Kind.INLINE_FRAGMENT ? each : fragments.get(each.name.value);
    if (fragment && applies(fragment.typeCondition?.name.value ?? null))
      eachField(fragment.selectionSet, fragments, applies, found);
  }
}

export const fragmentsIn = (definitions: readonly { readonly kind: Kind }[]): Fragments =>
  new Map(
    definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION
        ? [[(node as FragmentDefinitionNode).name.value, node as FragmentDefinitionNode] as const]
        : [],
    ),
  );

// --- outcomes -------------------------------------------------------------------------------------------------------

export type Outcome =
  /** All fields of its own source were answered, or refused by rule. */
  | 'WHOLE'
  /** Its own source could not answer: the event is not sent yet. */
  | 'UNANSWERED'
  /** Its source has no such record for this reader; the change that removed it is delivered separately. */
  | 'GONE';

/** Codes of decisions about a reader's sight of a record: the same request has the same result. */
const ofSight: ReadonlySet<unknown> = new Set(['NOT_FOUND', 'UNAUTHORIZED_FIELD_OR_TYPE', 'PURPOSE_REQUIRED']);
/** Decisions about any field, where arguments may be wrong as well. */
const decisions: ReadonlySet<unknown> = new Set([
  ...ofSight,
  'BAD_USER_INPUT',
  'BAD_CURSOR',
  'COST_LIMIT',
  'KNOWN_AT_TOO_LATE',
  'SOURCE_LATE',
]);

type Step = string | number;

/** An error, assigned to the event that it is about. */
export interface EventError {
  readonly error: GraphQLError;
  /** The event's index; `@`: every event that has the field. */
  readonly at: number | '@';
  /** The path from the event on. */
  readonly path: readonly Step[];
}

/** @param depth the number of path steps to the list of events */
export const eventErrors = (errors: readonly GraphQLError[], depth: number): EventError[] =>
  errors.map((error) => {
    const [at, ...path] = error.path?.slice(depth) ?? [];
    // For an error that a source reports without a path, the engine knows only the fields.
    return typeof at === 'number' || at === '@' || at === undefined
      ? { error, at: at ?? '@', path }
      : { error, at: '@', path: [at, ...path] };
  });

/** Whether an error is about the record of a change, in the fields of its own source. */
export function isOfRecord(records: RecordKeys, { path: [key, ...below] }: EventError): boolean {
  const own = typeof key === 'string' ? records.get(key) : undefined;
  if (!own) return false;
  let keys: OwnKeys | undefined = own;
  for (const [index, step] of below.entries()) {
    if (typeof step === 'number' || step === '@') continue;
    const next: OwnKeys | null | undefined = keys?.get(step);
    if (next === null) return index === below.length - 1;
    keys = next;
  }
  return true;
}

/** Whether an event lacks what a path names. */
export function lacks(value: unknown, [step, ...rest]: readonly Step[]): boolean {
  if (value === null || value === undefined) return true;
  if (step === undefined) return false;
  if (Array.isArray(value))
    return typeof step === 'number'
      ? lacks(value[step], rest)
      : value.some((item) => lacks(item, step === '@' ? rest : [step, ...rest]));
  return (
    typeof value === 'object' && Object.hasOwn(value, step) && lacks((value as Record<string, unknown>)[step], rest)
  );
}

/**
 * The outcome of each event of an answer.
 * @param isRemoved whether the event reports that its record has gone, so that it has none
 */
export function outcomesOf(
  records: RecordKeys,
  events: readonly unknown[],
  errors: readonly EventError[],
  isRemoved: (index: number) => boolean,
): Outcome[] {
  return events.map((event, index) => {
    if (typeof event !== 'object' || event === null) return 'UNANSWERED';
    if (isRemoved(index)) return 'WHOLE';
    const mine = errors.filter(({ at, path }) => at === index || (at === '@' && lacks(event, path)));
    // A reported failure takes precedence over what looks like an answer.
    if (
      mine.some(
        (each) => isOfRecord(records, each) && !(each.path.length === 1 ? ofSight.has(codeOf(each)) : isDecided(each)),
      )
    )
      return 'UNANSWERED';
    for (const key of records.keys()) {
      if (!Object.hasOwn(event, key) || (event as Record<string, unknown>)[key] !== null) continue;
      const reasons = mine.filter(({ path }) => path.length === 1 && path[0] === key);
      if (reasons.some((each) => codeOf(each) === 'NOT_FOUND')) return 'GONE';
      if (reasons.length === 0) return 'UNANSWERED'; // an unknown record is not rendered as none
    }
    return 'WHOLE';
  });
}

/** Whether an error is a decision: the same request has the same result. */
export const isDecided = (error: EventError): boolean => decisions.has(codeOf(error));

export const codeOf = ({ error }: EventError): unknown => error.extensions['code'];
