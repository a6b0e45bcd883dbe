import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  Kind,
  OverlappingFieldsCanBeMergedRule,
  parse,
  print,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import type {
  ASTNode,
  DocumentNode,
  FieldNode,
  GraphQLCompositeType,
  GraphQLField,
  GraphQLInputType,
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLSchema,
} from 'graphql';
import { createRandom } from '#cli/generate/random.ts';
import type { Random } from '#cli/generate/random.ts';
import type { FuzzCase } from './run.ts';
import type { Fault } from './values.ts';
import { worldNames, worldOf } from './world.ts';
import type { World } from './world.ts';

/**
 * Names that clash: with each other, with fields, with members of every object, and with what planners and gateways
 * name things.
 */
const ALIASES = [
  'a',
  'b',
  'a',
  'b',
  'x',
  'x',
  'name',
  'id',
  'uscc',
  'title',
  'kind',
  'nodes',
  'subject',
  'constructor',
  'toString',
  'hasOwnProperty',
  '__proto__',
  'representations',
  '_entities',
  '_e0',
  '_0',
  '_internal_qp_alias_0',
  '_internal_qp_alias_1',
  '_client_a',
  '_client_name',
  'f0',
  'f1',
  'k0',
  'a_0',
  'p0_a',
];
const VARIABLES = [
  'a',
  'b',
  'x',
  'id',
  'first',
  'representations',
  'representations_0',
  '__batch_reps_0',
  '_0',
  'variables',
  'constructor',
  'v',
  'w',
  'if',
];
const FRAGMENTS = ['F', 'G', 'H', 'name', 'Query', 'a', '_F', 'F0', 'CreditFile'];

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly defaultText: string | undefined;
}

interface Making {
  readonly random: Random;
  readonly api: GraphQLSchema;
  readonly aliases: readonly string[];
  /** Fields that may still be written. */
  budget: number;
  readonly variables: Map<string, Variable>;
  readonly values: Record<string, unknown>;
  readonly fragments: Map<string, { type: GraphQLCompositeType; text: string | undefined }>;
}

/** The case of a seed: always the same, and always a valid operation. */
export function caseOf(seed: number): FuzzCase {
  for (let attempt = 0; ; attempt += 1) {
    const random = createRandom(seed, attempt, 0x9a7);
    const world = worldOf(random.chance(0.7) ? 'credit' : random.pick(worldNames.slice(1)));
    const made = operationOf(world, random);
    if (made)
      return { world: world.name, ...made, seed, fault: faultOf(world, random), runs: random.chance(0.25) ? 3 : 1 };
  }
}

function faultOf(world: World, random: Random): Fault {
  const graph = random.pick([...world.graphs.keys()]);
  return random.weighted<Fault>([
    [{ kind: 'none' }, 50],
    [{ kind: 'errors' }, 25],
    [{ kind: 'down', graph, how: random.pick(['unavailable', 'nulls', 'throws', 'refuses'] as const) }, 15],
    [{ kind: 'unknown', graph }, 6],
    [{ kind: 'nullKeys' }, 4],
  ]);
}

function operationOf(world: World, random: Random): Pick<FuzzCase, 'text' | 'operationName' | 'variables'> | undefined {
  const { api } = world;
  const mutation = api.getMutationType();
  const query = api.getQueryType();
  const root = mutation && random.chance(0.12) ? mutation : query;
  if (!root) return undefined;
  const making: Making = {
    random,
    api,
    aliases: ALIASES,
    budget: 4 + random.below(random.chance(0.2) ? 45 : 22),
    variables: new Map(),
    values: {},
    fragments: new Map(),
  };
  const selections = selectionsOf(making, root, 0);
  const kind = root === mutation ? 'mutation' : 'query';
  const named = random.chance(0.3) ? 'Op' : '';
  const variables = [...making.variables.values()].map(
    ({ name, type, defaultText }) => `$${name}: ${type}${defaultText === undefined ? '' : ` = ${defaultText}`}`,
  );
  const fragments = [...making.fragments].map(([name, { type, text }]) => `fragment ${name} on ${type.name} ${text}`);
  const other = named && random.chance(0.2) ? ['query Other { __typename }'] : [];
  const text = [
    `${kind} ${named}${variables.length > 0 ? `(${variables.join(', ')})` : ''} ${selections}`,
    ...fragments,
    ...other,
  ].join('\n');
  const document = repaired(api, parse(text, { noLocation: true }));
  if (!document) return undefined;
  return { text: print(document), ...(named ? { operationName: named } : {}), variables: making.values };
}

// Two fields that cannot be merged: one gets a key of its own. What is left invalid is thrown away.
function repaired(api: GraphQLSchema, document: DocumentNode): DocumentNode | undefined {
  let mended = document;
  for (let round = 0; round < 8; round += 1) {
    const conflicts = validate(api, mended, [OverlappingFieldsCanBeMergedRule]);
    if (conflicts.length === 0) return validate(api, mended, specifiedRules).length === 0 ? mended : undefined;
    const renamed = new Map<ASTNode, string>();
    for (const { nodes } of conflicts) {
      const last = nodes?.findLast((node) => node.kind === Kind.FIELD);
      if (last) renamed.set(last, `r${round}_${renamed.size}`);
    }
    mended = visit(mended, {
      Field(field: FieldNode) {
        const name = renamed.get(field);
        return name === undefined ? undefined : { ...field, alias: { kind: Kind.NAME, value: name } };
      },
    });
  }
  return undefined;
}

function selectionsOf(making: Making, type: GraphQLCompositeType, depth: number): string {
  const { random } = making;
  const count = 1 + random.below(depth === 0 ? 3 : 4);
  const items: string[] = [];
  for (let i = 0; i < count; i += 1) items.push(...selectionOf(making, type, depth));
  return `{ ${items.join(' ')} }`;
}

function selectionOf(making: Making, type: GraphQLCompositeType, depth: number): string[] {
  const { random } = making;
  const isRoot = depth === 0;
  const hasFields = isObjectType(type) || isInterfaceType(type);
  const choice = random.next();
  if (making.budget <= 0 || choice < (isRoot ? 0.03 : 0.07)) return [typename(making)];
  if (isRoot && choice < 0.05 && type === making.api.getQueryType()) return [introspection(making)];
  if (isAbstractType(type) && choice < (hasFields ? 0.5 : 0.9)) return siblings(making, type, depth);
  if (choice < 0.16)
    return [inline(making, type, random.chance(0.3) ? undefined : random.pick(conditionsOn(making.api, type)), depth)];
  if (choice < 0.26) return [spread(making, random.pick(conditionsOn(making.api, type)), depth)];
  if (!hasFields) return [typename(making)];
  const field = pickField(making, type, depth);
  if (!random.chance(0.2)) return [fieldText(making, field, depth)];
  // The same field again: with other arguments, or another selection, or neither.
  const below = belowOf(making, field, depth);
  return [
    fieldText(making, field, depth, undefined, below),
    fieldText(making, field, depth, undefined, random.chance(0.5) ? below : undefined),
  ];
}

// Fragments on different types under one abstract type, which may use one key for different fields.
function siblings(making: Making, type: GraphQLCompositeType, depth: number): string[] {
  const { random, api } = making;
  if (!isAbstractType(type)) return [];
  const possible = api.getPossibleTypes(type);
  const key = random.pick(making.aliases);
  return Array.from({ length: 1 + random.below(3) }, () => {
    const condition = random.chance(0.8) ? random.pick(possible) : random.pick(conditionsOn(api, type));
    if (!random.chance(0.5) || !isObjectType(condition))
      return random.chance(0.2) ? spread(making, condition, depth) : inline(making, condition, condition, depth);
    const field = pickField(making, condition, depth);
    const on = `${condition.name}${directives(making)}`;
    const first = fieldText(making, field, depth, key);
    const others = random.chance(0.4) ? ` ${selectionOf(making, condition, depth + 1).join(' ')}` : '';
    return `... on ${on} { ${first}${others} }`;
  });
}

/** Types that a fragment on this one may name. */
function conditionsOn(api: GraphQLSchema, type: GraphQLCompositeType): GraphQLCompositeType[] {
  const own = isAbstractType(type) ? api.getPossibleTypes(type) : [type];
  const conditions: GraphQLCompositeType[] = [type, ...own];
  for (const other of Object.values(api.getTypeMap())) {
    if (isAbstractType(other) && other !== type && api.getPossibleTypes(other).some((one) => own.includes(one)))
      conditions.push(other);
  }
  return conditions;
}

function inline(
  making: Making,
  type: GraphQLCompositeType,
  condition: GraphQLCompositeType | undefined,
  depth: number,
): string {
  const on = condition ? ` on ${condition.name}` : '';
  return `...${on}${directives(making)} ${selectionsOf(making, condition ?? type, depth + (depth === 0 ? 0 : 1))}`;
}

function spread(making: Making, type: GraphQLCompositeType, depth: number): string {
  const { random, fragments } = making;
  const known = [...fragments].filter(([, fragment]) => fragment.type === type && fragment.text !== undefined);
  if (known.length > 0 && random.chance(0.6)) return `...${random.pick(known)[0]}${directives(making)}`;
  let name: string = random.pick(FRAGMENTS);
  for (let i = 1; fragments.has(name); i += 1) name = `F${i}`;
  fragments.set(name, { type, text: undefined });
  const text = selectionsOf(making, type, depth + (depth === 0 ? 0 : 1));
  fragments.set(name, { type, text });
  return `...${name}${directives(making)}`;
}

const typename = (making: Making): string =>
  `${making.random.chance(0.4) ? `${making.random.pick(making.aliases)}: ` : ''}__typename${directives(making)}`;

function introspection(making: Making): string {
  const { random, api } = making;
  const name = random.pick(Object.keys(api.getTypeMap()));
  return random.pick([
    `__schema${directives(making)} { queryType { name fields { name } } }`,
    `s: __schema { types { a: name kind } }`,
    `__type(name: ${JSON.stringify(name)})${directives(making)} { name kind fields { x: name type { ` +
      'name ofType { name } } } }',
  ]);
}

type WithFields = GraphQLObjectType | GraphQLInterfaceType;

function pickField(making: Making, type: WithFields, depth: number): GraphQLField<unknown, unknown> {
  const { random } = making;
  const fields = Object.values(type.getFields());
  const leaves = fields.filter((field) => isLeafType(getNamedType(field.type)));
  const deep = fields.filter((field) => isCompositeType(getNamedType(field.type)));
  const isDeep = making.budget > 2 && depth < 9 && random.chance(depth < 2 ? 0.85 : 0.55);
  return random.pick(isDeep && deep.length > 0 ? deep : leaves.length > 0 ? leaves : fields);
}

function belowOf(making: Making, field: GraphQLField<unknown, unknown>, depth: number): string {
  const named = getNamedType(field.type);
  return isCompositeType(named) ? ` ${selectionsOf(making, named, depth + 1)}` : '';
}

/** @param key the alias, and `below` the selection; made when not given */
function fieldText(
  making: Making,
  field: GraphQLField<unknown, unknown>,
  depth: number,
  key?: string,
  below?: string,
): string {
  const { random } = making;
  making.budget -= 1;
  const alias = key ?? (random.chance(0.3) ? random.pick(making.aliases) : undefined);
  const given = field.args.filter((argument) => isRequiredArgument(argument) || random.chance(0.4));
  const args = given.map(
    (argument) => `${argument.name}: ${inputText(making, argument.type, 0, argument.defaultValue !== undefined)}`,
  );
  const name = `${alias !== undefined ? `${alias}: ` : ''}${field.name}`;
  const written = args.length > 0 ? `(${args.join(', ')})` : '';
  return `${name}${written}${directives(making)}${below ?? belowOf(making, field, depth)}`;
}

function directives(making: Making): string {
  const { random } = making;
  if (!random.chance(0.12)) return '';
  const condition = (): string => (random.chance(0.4) ? String(random.chance(0.5)) : booleanVariable(making));
  const one = (): string => `@${random.pick(['skip', 'include'])}(if: ${condition()})`;
  return random.chance(0.1) ? ` @skip(if: ${condition()}) @include(if: ${condition()})` : ` ${one()}`;
}

function booleanVariable(making: Making): string {
  const { random } = making;
  const known = [...making.variables.values()].filter(({ type }) => type === 'Boolean!');
  if (known.length > 0 && random.chance(0.5)) return `$${random.pick(known).name}`;
  return declare(
    making,
    'Boolean!',
    random.chance(0.3) ? String(random.chance(0.5)) : undefined,
    random.chance(0.5),
    true,
  );
}

function declare(
  making: Making,
  type: string,
  defaultText: string | undefined,
  value: unknown,
  isGiven: boolean,
): string {
  const { random, variables } = making;
  let name: string = random.pick(VARIABLES);
  for (let i = 1; variables.has(name); i += 1) name = `${name.replace(/_?\d+$/, '')}_${i}`;
  variables.set(name, { name, type, defaultText });
  if (isGiven || (type.endsWith('!') && defaultText === undefined)) making.values[name] = value;
  return `$${name}`;
}

/** An argument's or an input field's text: a literal, perhaps with variables inside, or a variable. */
function inputText(making: Making, type: GraphQLInputType, depth: number, hasDefault: boolean): string {
  const { random } = making;
  if (random.chance(depth === 0 ? 0.4 : 0.15)) {
    const name = String(type);
    const known = [...making.variables.values()].filter((one) => one.type === name || one.type === `${name}!`);
    if (known.length > 0 && random.chance(0.5)) return `$${random.pick(known).name}`;
    const value = inputValue(random, type, depth);
    if (isNonNullType(type)) {
      // A nullable variable may stand there when it, or the argument, has a default.
      if (random.chance(0.2))
        return declare(
          making,
          String(type.ofType),
          literal(type, inputValue(random, type, depth)),
          value,
          random.chance(0.6),
        );
      if (hasDefault && random.chance(0.3))
        return declare(making, String(type.ofType), undefined, value, random.chance(0.6));
      return declare(
        making,
        name,
        random.chance(0.2) ? literal(type, inputValue(random, type, depth)) : undefined,
        value,
        random.chance(0.8),
      );
    }
    const chosen = random.weighted([
      ['plain', 6],
      ['default', 2],
      ['null', 1],
      ['absent', 1],
      ['strict', 1],
    ]);
    if (chosen === 'strict')
      return declare(making, `${name}!`, undefined, value ?? inputValue(random, type, depth, true), true);
    if (chosen === 'default')
      return declare(making, name, literal(type, inputValue(random, type, depth)), value, random.chance(0.5));
    return declare(making, name, undefined, chosen === 'null' ? null : value, chosen !== 'absent');
  }
  const nullable = getNullableType(type);
  if (!isNonNullType(type) && random.chance(0.08)) return 'null';
  if (isListType(nullable)) {
    // One item stands for a list of one.
    if (random.chance(0.15)) return inputText(making, nonNull(nullable.ofType), depth + 1, false);
    const items = Array.from({ length: random.below(3) }, () => inputText(making, nullable.ofType, depth + 1, false));
    return `[${items.join(', ')}]`;
  }
  if (isInputObjectType(nullable)) {
    const fields = Object.values(nullable.getFields()).filter(
      (field) => isRequiredInputField(field) || (depth < 3 && random.chance(0.3)),
    );
    const values = fields.map(
      ({ name, type: of, defaultValue }) => `${name}: ${inputText(making, of, depth + 1, defaultValue !== undefined)}`,
    );
    return `{${values.join(', ')}}`;
  }
  return literal(nullable, inputValue(random, nullable, depth, true));
}

const nonNull = (type: GraphQLInputType): GraphQLInputType => getNullableType(type);

/** A value as it stands in the request's `variables`. */
function inputValue(random: Random, type: GraphQLInputType, depth: number, isStrict = false): unknown {
  if (isNonNullType(type)) return inputValue(random, type.ofType, depth, true);
  if (!isStrict && random.chance(0.08)) return null;
  if (isListType(type))
    return Array.from({ length: random.below(3) }, () => inputValue(random, type.ofType, depth + 1));
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(
      (field) => isRequiredInputField(field) || (depth < 3 && random.chance(0.3)),
    );
    return Object.fromEntries(fields.map((field) => [field.name, inputValue(random, field.type, depth + 1)]));
  }
  if (isEnumType(type)) return random.pick(type.getValues()).name;
  switch (type.name) {
    case 'Int':
      return random.below(6);
    case 'Float':
      return random.chance(0.3) ? random.below(6) : random.below(60) / 8;
    case 'Boolean':
      return random.chance(0.5);
    case 'ID':
      return random.chance(0.3) ? random.below(5) : `id-${random.below(5)}`;
    case 'USCC':
      return random.pick(['91110105MA0EEE1197', '914403001922038217', '91110105ma0eee1197', ' 9144030071526726XG']);
    case 'Date':
      return `2026-03-0${1 + random.below(4)}`;
    case 'DateTime':
      return random.pick(['2026-03-01T00:00:00Z', '2026-03-01T08:00:00+08:00', '2026-03-02T00:00:00.5Z']);
    case 'Fen':
      return String(random.below(1e6));
    case 'FormRow':
      return { XK_WSH: `x ${random.below(4)}`, n: [1, { b: true }] };
    default:
      return random.pick(['', 'text', 'the "quoted"\nline', '公示', '{ x }', '$a']);
  }
}

function literal(type: GraphQLInputType, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const nullable = getNullableType(type);
  // Made by inputValue.
  if (isListType(nullable)) return `[${(value as unknown[]).map((item) => literal(nullable.ofType, item)).join(', ')}]`;
  if (isInputObjectType(nullable)) {
    const fields = nullable.getFields();
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${literal(fields[key]?.type ?? nullable, item)}`)
      .join(', ')}}`;
  }
  if (isEnumType(nullable)) return String(value);
  return plainLiteral(value);
}

function plainLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plainLiteral).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${plainLiteral(item)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}
