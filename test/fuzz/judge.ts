import { getNamedType, isInterfaceType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { ExecutionResult, GraphQLError, GraphQLOutputType, GraphQLResolveInfo } from 'graphql';
import type { Answer } from '#gateway/graph/graph.ts';
import { errorCodes } from '#kit/errors.ts';
import { reasonsOf } from './values.ts';
import type { Fault, Thing } from './values.ts';
import type { World } from './world.ts';

export interface Problem {
  readonly kind: string;
  readonly what: string;
  readonly path: string;
}

interface Traced {
  readonly typeName: string;
  readonly fieldName: string;
  readonly thing: Thing;
  readonly type: GraphQLOutputType;
  /** A field that it requires failed. */
  isUnasked: boolean;
}

/** Where the plain schema's resolvers ran: response path → field and object. */
export interface Trace {
  add(info: GraphQLResolveInfo, thing: Thing): Traced;
  at(path: Path): Traced | undefined;
  /** The fields of the object that has the field at the path. */
  besides(path: Path): readonly Traced[];
}

type Path = readonly (string | number)[];

export function createTrace(): Trace {
  const traced = new Map<string, Traced>();
  const byObject = new Map<string, Traced[]>();
  return {
    add(info, thing) {
      const path: (string | number)[] = [];
      for (let at: GraphQLResolveInfo['path'] | undefined = info.path; at; at = at.prev) path.unshift(at.key);
      const field: Traced = {
        typeName: info.parentType.name,
        fieldName: info.fieldName,
        thing,
        type: info.returnType,
        isUnasked: false,
      };
      traced.set(path.join('.'), field);
      const object = path.slice(0, -1).join('.');
      byObject.set(object, [...(byObject.get(object) ?? []), field]);
      return field;
    },
    at: (path) => traced.get(path.join('.')),
    besides: (path) => byObject.get(path.slice(0, -1).join('.')) ?? [],
  };
}

export interface Judging {
  readonly world: World;
  readonly fault: Fault;
  readonly answer: Answer;
  readonly plain: ExecutionResult;
  /** The answer of the schema without non-null fields; needed when the plain one has errors. */
  readonly lenient: ExecutionResult | undefined;
  readonly trace: Trace;
  readonly mutated: readonly string[];
  readonly plainMutated: readonly string[];
}

const publicCodes: ReadonlySet<string> = new Set(errorCodes);

/**
 * What is wrong with the engine's answer; empty when it is right.
 *
 * Without a fault the answers must be equal, and so must the places that errors explain. So they must where fields
 * fail, but for what a failure takes along (`isTakenAlong`, `isNameless`): that may be null with an error. Where a
 * subgraph is down or does not know an entity, the planner's choice decides what is lost of that which several
 * subgraphs could give: there a value may be missing if, and only if, the broken subgraph may have been asked for it
 * (`mayLose`), and must be missing where nobody else could give it (`mustLose`).
 */
export function judge(judging: Judging): Problem[] {
  const { answer, plain, fault } = judging;
  // Variables that cannot be coerced: both answer with errors alone.
  if (plain.data === undefined)
    return answer.data === undefined && answer.errors
      ? []
      : [{ kind: 'data', what: 'the variables are refused by the plain schema alone', path: '' }];
  if (answer.data === undefined)
    return [
      { kind: 'refused', what: `the engine refuses the operation: ${answer.errors?.[0]?.message ?? ''}`, path: '' },
    ];
  const isExact = fault.kind === 'none' || fault.kind === 'errors';
  const problems = isExact ? exactProblems(judging) : faultProblems(judging);
  return problems.length > 0 ? problems : mutationProblems(judging);
}

const problem = (kind: string, what: string, path: Path): Problem => ({ kind, what, path: path.join('.') });

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 120);

function exactProblems(judging: Judging): Problem[] {
  const { answer, plain, lenient, world, fault } = judging;
  const problems: Problem[] = [];
  const delivered = places(answer.errors ?? [], answer.data);
  const right = places(plain.errors ?? [], plain.data);
  const taken = new Set<string>();
  if (fault.kind === 'errors' && isObject(answer.data) && isObject(plain.data)) {
    compareLost(
      judging,
      answer.data,
      plain.data,
      world.api.getQueryType() as GraphQLOutputType,
      [],
      delivered.found,
      problems,
      taken,
    );
  } else if (JSON.stringify(answer.data) !== JSON.stringify(plain.data)) {
    problems.push(firstDifference(answer.data, plain.data, []));
  }
  if (problems.length > 0) return problems;
  for (const stray of delivered.stray) problems.push(problem('errors', 'an error where nothing is null', stray));
  for (const place of right.found.keys())
    if (!delivered.found.has(place) && !isWithin(place, taken))
      problems.push(problem('errors', 'a null without its error', [place]));
  for (const place of delivered.found.keys()) {
    if (!right.found.has(place) && !taken.has(place))
      problems.push(problem('errors', 'an error at a null that needs none', [place]));
  }
  const possible = new Set(
    (lenient?.errors ?? []).flatMap((error) => reasonsOf(error).map((code) => keyOf(error, code))),
  );
  const codes = new Set((lenient?.errors ?? []).flatMap((error) => reasonsOf(error).map(publicCode)));
  for (const error of answer.errors ?? []) {
    const code = publicCode(error.extensions['code']);
    const path = error.path ?? [];
    // Below one null the plain schema reports the first failure it meets; the engine reports all that its subgraphs
    // met, and for fields that were lost with them the failure that took them along.
    const isBelowNull = path.some((_, length) => right.found.has(path.slice(0, length).join('.')));
    const isKnown = codes.has(code) || code === 'INTERNAL_SERVER_ERROR';
    const field = judging.trace.at(path.slice(0, path.findLastIndex((step) => typeof step === 'string') + 1));
    const isOfNameless = field !== undefined && isNameless(judging, getNamedType(field.type).name);
    const isRight =
      possible.has(keyOf(error, code)) || isWithin(path.join('.'), taken) || (isKnown && (isBelowNull || isOfNameless));
    if (!isRight) problems.push(problem('errors', `${code}: no such failure`, path));
  }
  return problems;
}

const isWithin = (place: string, taken: ReadonlySet<string>): boolean =>
  [...taken].some((one) => place === one || place.startsWith(`${one}.`));

function firstDifference(one: unknown, other: unknown, path: Path): Problem {
  if (isObject(one) && isObject(other) && Object.keys(one).join() === Object.keys(other).join()) {
    const key = Object.keys(one).find((each) => JSON.stringify(one[each]) !== JSON.stringify(other[each]));
    if (key !== undefined)
      return firstDifference(one[key], other[key], [...path, Array.isArray(one) ? Number(key) : key]);
  }
  return problem('data', `${show(one)} where ${show(other)} is right`, path);
}

const publicCode = (code: unknown): string =>
  typeof code === 'string' && publicCodes.has(code) ? code : 'INTERNAL_SERVER_ERROR';

const keyOf = (error: GraphQLError, code: unknown): string => `${publicCode(code)} ${(error.path ?? []).join('.')}`;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/**
 * The nulls that errors explain: `@` in a path stands for every position. Strays are errors whose path leads to no
 * null.
 */
function places(errors: readonly GraphQLError[], data: unknown): { found: Map<string, GraphQLError>; stray: Path[] } {
  const found = new Map<string, GraphQLError>();
  const stray: Path[] = [];
  for (const error of errors) {
    const nulls: string[] = [];
    collectNulls(data, error.path ?? [], 0, [], nulls);
    if (nulls.length === 0) stray.push(error.path ?? []);
    for (const place of nulls) found.set(place, error);
  }
  return { found, stray };
}

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, segment) => (isObject(value) ? value[String(segment)] : undefined), data);
const holdsNoObject = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => item === null || holdsNoObject(item));

function collectNulls(value: unknown, path: Path, at: number, here: Path, nulls: string[]): void {
  if (value === null) nulls.push(here.join('.'));
  if (!isObject(value) || at >= path.length) return;
  const segment = path[at] as string | number; // at < length
  if (segment === '@') {
    if (Array.isArray(value)) value.forEach((item, i) => collectNulls(item, path, at + 1, [...here, i], nulls));
  } else if (Object.hasOwn(value, String(segment))) {
    collectNulls(value[String(segment)], path, at + 1, [...here, segment], nulls);
  }
}

function faultProblems(judging: Judging): Problem[] {
  const { answer, plain, fault, world } = judging;
  const problems: Problem[] = [];
  const delivered = places(answer.errors ?? [], answer.data);
  for (const stray of delivered.stray) {
    // Of a list that holds no object nothing can be null for it, and the source that failed is named all the same.
    if (fault.kind === 'down' && fault.how === 'nulls' && holdsNoObject(valueAt(answer.data, stray))) continue;
    problems.push(problem('errors', 'an error where nothing is null', stray));
  }
  const query = world.api.getQueryType();
  if (query) compareLost(judging, answer.data, plain.data, query, [], delivered.found, problems, new Set());
  if (fault.kind === 'down' && fault.how === 'nulls') {
    for (const { extensions, path } of answer.errors ?? []) {
      if (extensions['code'] !== 'SUBGRAPH_UNAVAILABLE')
        problems.push(problem('errors', `${String(extensions['code'])}, which nobody said`, path ?? []));
    }
  }
  if (fault.kind === 'down' && fault.how === 'unavailable') {
    for (const error of answer.errors ?? []) {
      if (error.extensions['code'] === 'SUBGRAPH_UNAVAILABLE' && error.extensions['source'] !== fault.graph) {
        problems.push(problem('errors', `${String(error.extensions['source'])} is said to be down`, error.path ?? []));
      }
    }
  }
  return problems;
}

function compareLost(
  judging: Judging,
  one: unknown,
  other: unknown,
  type: GraphQLOutputType,
  path: Path,
  delivered: ReadonlyMap<string, GraphQLError>,
  problems: Problem[],
  taken: Set<string>,
): void {
  if (problems.length > 5) return;
  const { fault } = judging;
  const inner = isNonNullType(type) ? type.ofType : type;
  const field = typeof path.at(-1) === 'string' ? judging.trace.at(path) : undefined;
  if (one === null || other === null) {
    if (one === other) {
      // It would be null, but nobody was asked: its error is right.
      if (fault.kind === 'errors' && field && mayLose(judging, field, path)) taken.add(path.join('.'));
      return;
    }
    if (one !== null) {
      // A subgraph that does not know an entity says null for it, also where another subgraph has the value.
      if (fault.kind === 'errors' || !field || !mayLose(judging, field, path))
        problems.push(problem('data', `${show(one)} where null is right`, path));
      return;
    }
    if (!(field && mayLose(judging, field, path)) && !mayVanish(judging, other, inner, path))
      problems.push(problem('data', `null where ${show(other)} is right`, path));
    else if ((fault.kind === 'down' || fault.kind === 'errors') && !delivered.has(path.join('.')))
      problems.push(problem('errors', 'a null without its error', path));
    taken.add(path.join('.'));
    return;
  }
  if (field && fault.kind === 'down' && mustLose(judging, field)) {
    problems.push(problem('data', `${show(one)}, which only ${fault.graph} gives`, path));
    return;
  }
  if (isListType(inner)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) {
      problems.push(problem('data', `${show(one)} where ${show(other)} is right`, path));
      return;
    }
    one.forEach((item, i) =>
      compareLost(judging, item, other[i], inner.ofType, [...path, i], delivered, problems, taken),
    );
    return;
  }
  if (!isObject(one) || !isObject(other)) {
    if (one !== other && !(field && requiresLost(judging, field)))
      problems.push(problem('data', `${show(one)} where ${show(other)} is right`, path));
    return;
  }
  if (Object.keys(one).join() !== Object.keys(other).join()) {
    problems.push(
      problem('data', `keys ${Object.keys(one).join()} where ${Object.keys(other).join()} are right`, path),
    );
    return;
  }
  for (const key of Object.keys(one)) {
    const child = judging.trace.at([...path, key]);
    compareLost(judging, one[key], other[key], child?.type ?? inner, [...path, key], delivered, problems, taken);
  }
}

/** Whether null may have risen to a value from a non-null field below it. */
function mayVanish(judging: Judging, value: unknown, type: GraphQLOutputType, path: Path): boolean {
  if (Array.isArray(value)) {
    const of = isListType(type) ? type.ofType : undefined;
    return (
      of !== undefined &&
      isNonNullType(of) &&
      value.some((item, i) => mayVanish(judging, item, of.ofType, [...path, i]))
    );
  }
  if (!isObject(value)) return false;
  if (isNameless(judging, getNamedType(type).name)) return true;
  return Object.keys(value).some((key) => {
    const child = judging.trace.at([...path, key]);
    if (!child) return false;
    return (
      isNonNullType(child.type) &&
      (mayLose(judging, child, [...path, key]) || mayVanish(judging, value[key], child.type.ofType, [...path, key]))
    );
  });
}

const brokenGraph = (fault: Fault): string | undefined =>
  fault.kind === 'down' || fault.kind === 'unknown' ? fault.graph : undefined;

/**
 * Which concrete type an object of an @interfaceObject is, only the interface's own subgraph knows, and not when it is
 * broken or a field of the object fails there. Other subgraphs are asked for the interface's fields before that is
 * known, so one of them that fails may take an object along to whose type the client's fragment did not apply.
 */
function isNameless({ world, fault }: Judging, typeName: string): boolean {
  const family = world.family(typeName);
  if (family === undefined || !isInterfaceType(world.api.getType(family.name))) return false;
  const graph = brokenGraph(fault);
  return fault.kind === 'errors' || (graph !== undefined && family.graphs.has(graph));
}

/**
 * An entity is not asked for where something required of it failed: with the field that requires it go those planned
 * for the same request. A field that is fetched only because another requires it counts like one that the client asked
 * for.
 */
function isTakenAlong(judging: Judging, { typeName, fieldName }: Traced, path: Path): boolean {
  const { world, trace } = judging;
  const givers = world.givers(typeName, fieldName);
  return trace
    .besides(path)
    .filter((one) => one.isUnasked || requiresLost(judging, one))
    .some((unasked) => {
      const requiring = world
        .requirements(typeName, unasked.fieldName)
        .map((coordinate) => coordinate.split('.') as [string, string])
        .filter(([type, name]) => type === typeName && world.requires(type, name) !== undefined);
      return [[typeName, unasked.fieldName] as const, ...requiring].some(([type, name]) =>
        world.givers(type, name).some((graph) => givers.includes(graph)),
      );
    });
}

const mustLose = ({ world, fault }: Judging, { typeName, fieldName }: Traced): boolean =>
  fault.kind === 'down' && world.givers(typeName, fieldName).every((graph) => graph === fault.graph);

function mayLose(judging: Judging, field: Traced, path: Path): boolean {
  const { world, fault, trace } = judging;
  const { typeName, fieldName } = field;
  const family = world.family(typeName);
  const severalKeys = family !== undefined && family.keys.length > 1;
  if (fault.kind === 'nullKeys') return severalKeys;
  if (fault.kind === 'errors') return isTakenAlong(judging, field, path);
  const graph = brokenGraph(fault);
  if (graph === undefined) return false;
  const givers = world.givers(typeName, fieldName);
  if (givers.includes(graph)) return true;
  // Its subgraph is reached by way of another, or of the type's name.
  if (family?.graphs.has(graph) && (severalKeys || isNameless(judging, typeName))) return true;
  if (requiresLost(judging, field) || isTakenAlong(judging, field, path)) return true;
  // Several subgraphs give the object, and none of those that are left gives this field: a hop from the one that was
  // asked.
  let above = path.slice(0, -1);
  while (typeof above.at(-1) === 'number') above = above.slice(0, -1);
  const parent = trace.at(above);
  if (!parent) return false;
  const parents = world.givers(parent.typeName, parent.fieldName);
  return parents.length > 1 && parents.includes(graph) && !givers.some((giver) => parents.includes(giver));
}

function requiresLost({ world, fault }: Judging, { typeName, fieldName }: Traced): boolean {
  const graph = brokenGraph(fault);
  if (graph === undefined || !world.requires(typeName, fieldName)) return false;
  return world.requirements(typeName, fieldName).some((coordinate) => {
    const [required, name] = coordinate.split('.') as [string, string];
    return world.givers(required, name).includes(graph);
  });
}

function mutationProblems({ mutated, plainMutated, fault, world, plain }: Judging): Problem[] {
  const type = world.api.getMutationType();
  // After a null that reached the root, later fields need not run.
  if (!isObjectType(type) || plain.data === null) return [];
  const down = fault.kind === 'down' ? fault.graph : undefined;
  const right = plainMutated.filter(
    (call) => down === undefined || !world.givers(type.name, call.slice(0, call.indexOf('('))).includes(down),
  );
  return mutated.join('\n') === right.join('\n')
    ? []
    : [problem('mutations', `ran ${show(mutated)} where ${show(right)} is right`, [])];
}
