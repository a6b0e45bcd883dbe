import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildSchema,
  getNamedType,
  GraphQLError,
  isInterfaceType,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { topic as evaluation } from '#subgraphs/evaluation/topic.ts';
import { topic as nameList } from '#subgraphs/namelist/topic.ts';
import { BEYOND, eventErrors, fragmentsIn, type Outcome, outcomesOf, recordKeysIn } from './content.ts';

// docs/PROTOCOL.md P10: which events have their content, which wait, and which have gone.

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../supergraph.graphql'), 'utf8'), {
  assumeValid: true,
  assumeValidSDL: true,
});

const keysOf = (text: string) => {
  const { definitions } = parse(text);
  const [root] = (definitions[0] as OperationDefinitionNode).selectionSet.selections;
  if (root?.kind !== Kind.FIELD) throw new Error('a field is asked for');
  return recordKeysIn(schema, nameList, root.selectionSet, fragmentsIn(definitions));
};
const STREAM = `
  subscription { nameListChanges(filter: {}) { ...C ... on EvaluationChange { entry: subject { uscc } } } }
  fragment C on NameListChange { kind e: entry { grounds provenance { unit: sourceRecordId } subject { name } } }
`;

const failed = (code: string, ...path: (string | number)[]) =>
  new GraphQLError(code, { path: ['c', 'events', ...path], extensions: { code } });
const outcome = (event: object, errors: readonly GraphQLError[], kind = 'ADDED'): Outcome | undefined =>
  outcomesOf(keysOf(STREAM), [event], eventErrors(errors, 2), () => kind === 'REMOVED')[0];

const whole = { kind: 'ADDED', e: { grounds: 'x', provenance: { unit: 'u' }, subject: { name: 'n' } } };
const without = { kind: 'ADDED', e: null };

test('what a record leads to outside of its own subgraph is reached by the entity and by conflicts alone', () => {
  const graphsOf = (
    node:
      | {
          readonly directives?:
            | readonly {
                readonly name: { readonly value: string };
                readonly arguments?: readonly unknown[] | undefined;
              }[]
            | undefined;
        }
      | null
      | undefined,
    directive: string,
  ): string[] =>
    (node?.directives ?? []).flatMap(({ name, arguments: given = [] }) =>
      name.value === directive
        ? (given as { name: { value: string }; value: { value?: string } }[]).flatMap((each) =>
            each.name.value === 'graph' && each.value.value ? [each.value.value] : [],
          )
        : [],
    );
  for (const [{ recordType: record }, graph] of [
    [nameList, 'NAMELIST'],
    [evaluation, 'EVALUATION'],
  ] as const) {
    const seen = new Set<string>();
    const foreign: string[] = [];
    const visit = (name: string): void => {
      const type = schema.getType(name);
      if (seen.has(name) || BEYOND.has(name)) return;
      seen.add(name);
      if (isUnionType(type)) for (const member of type.getTypes()) visit(member.name);
      if (!isObjectType(type) && !isInterfaceType(type)) return;
      for (const field of Object.values(type.getFields())) {
        const owners = graphsOf(field.astNode, 'join__field');
        if (!(owners.length > 0 ? owners : graphsOf(type.astNode, 'join__type')).includes(graph))
          foreign.push(`${name}.${field.name}`);
        visit(getNamedType(field.type).name);
      }
    };
    visit(record);
    expect({ record, foreign }).toEqual({ record, foreign: [] });
  }
  expect(
    [nameList, evaluation].map(
      ({ changeType, recordField }) =>
        (schema.getType(changeType) as { getFields?: () => Record<string, unknown> }).getFields?.()[recordField] !==
        undefined,
    ),
  ).toEqual([true, true]);
});

test.each<[string, object, readonly GraphQLError[], Outcome]>([
  ['everything was answered', whole, [], 'WHOLE'],
  ['the record failed, whatever the code', without, [failed('INTERNAL_SERVER_ERROR', 0, 'e')], 'UNANSWERED'],
  ['the source is down', without, [failed('SUBGRAPH_UNAVAILABLE', '@', 'e')], 'UNANSWERED'],
  ['the source was late', without, [failed('DEADLINE', '@', 'e')], 'UNANSWERED'],
  ['an error without a position', without, [failed('SOMETHING_NEW', 'e')], 'UNANSWERED'],
  [
    'a field of the record failed',
    { ...whole, e: { ...whole.e, grounds: null } },
    [failed('INTERNAL_SERVER_ERROR', 0, 'e', 'grounds')],
    'UNANSWERED',
  ],
  [
    'a field of the record failed in each',
    { ...whole, e: { ...whole.e, provenance: { unit: null } } },
    [failed('DEADLINE', '@', 'e', 'provenance', 'unit')],
    'UNANSWERED',
  ],
  [
    'the record led to its entity, which its own source could not name',
    { ...whole, e: { ...whole.e, subject: null } },
    [failed('INTERNAL_SERVER_ERROR', 0, 'e', 'subject')],
    'UNANSWERED',
  ],
  [
    'another source failed',
    { ...whole, e: { ...whole.e, subject: { name: null } } },
    [failed('INTERNAL_SERVER_ERROR', 0, 'e', 'subject', 'name')],
    'WHOLE',
  ],
  ['there is no such record', without, [failed('NOT_FOUND', 0, 'e')], 'GONE'],
  [
    'it looks as if there were none, and something failed',
    without,
    [failed('NOT_FOUND', 0, 'e'), failed('INTERNAL_SERVER_ERROR', 'e')],
    'UNANSWERED',
  ],
  ['a null that nobody explains', without, [], 'UNANSWERED'],
  ['the record may not be read', without, [failed('UNAUTHORIZED_FIELD_OR_TYPE', '@', 'e')], 'WHOLE'],
  [
    'a field of it may not be read',
    { ...whole, e: { ...whole.e, grounds: null } },
    [failed('UNAUTHORIZED_FIELD_OR_TYPE', '@', 'e', 'grounds')],
    'WHOLE',
  ],
  [
    'an argument below the record is wrong',
    { ...whole, e: { ...whole.e, grounds: null } },
    [failed('BAD_USER_INPUT', 0, 'e', 'grounds')],
    'WHOLE',
  ],
  ['another event failed', whole, [failed('INTERNAL_SERVER_ERROR', 1, 'e')], 'WHOLE'],
  ['another event failed, said of each', whole, [failed('INTERNAL_SERVER_ERROR', '@', 'e')], 'WHOLE'],
  ['the record is not asked for here', { kind: 'ADDED' }, [], 'WHOLE'],
])('%s', (_, event, errors, expected) => {
  expect(outcome(event, errors)).toBe(expected);
});

test('what was removed has no record, and is whole without it', () => {
  expect(outcome(without, [failed('SUBGRAPH_UNAVAILABLE', '@', 'e')], 'REMOVED')).toBe('WHOLE');
});
