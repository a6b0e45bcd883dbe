import fc from 'fast-check';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type InlineFragmentNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  TypeInfo,
  type VariableDefinitionNode,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { valueOf } from '#gateway/graph/cost/amount.ts';
import { estimate, standardModel } from '#gateway/graph/cost/estimate.ts';
import { createHomes } from '#gateway/graph/cost/homes.ts';
import { readWeights } from '#gateway/graph/cost/weights.ts';
import { planningLimits } from '#gateway/graph/limits.ts';
import { caseOf } from '#test/fuzz/generate.ts';
import { worldOf } from '#test/fuzz/world.ts';

// What holds of every cost (docs/COST.md), tried with the operations of the fuzzer over the real supergraph: it never
// falls when more is asked, and it does not depend on how a question is spelled.

const world = worldOf('credit');
const document = parse(world.supergraph, { noLocation: true });
const estimating = {
  schema: world.api,
  weights: readWeights(document),
  homes: createHomes(document),
  model: standardModel,
  maxSteps: planningLimits.selections,
};

interface Operation {
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
}
interface Reckoned {
  readonly cost: number;
  readonly fetches: number;
  readonly steps: number;
}

function operationIn(asked: DocumentNode): OperationDefinitionNode {
  const found = asked.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (!found) throw new Error('there is no operation');
  return found;
}
const fragmentsIn = (asked: DocumentNode): Record<string, FragmentDefinitionNode> =>
  Object.fromEntries(
    asked.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  );

function reckon({ document: asked, variables }: Operation): Reckoned {
  const { cost, fetches, steps } = estimate(estimating, operationIn(asked), fragmentsIn(asked), variables);
  return { cost: valueOf(cost, variables), fetches, steps };
}

/** Operations over the real supergraph; a condition that has no value is none of this test's. */
const operations = fc
  .integer({ min: 0, max: 1_000_000 })
  .map((seed): Operation | null => {
    const { world: of, text, variables } = caseOf(seed);
    return of === 'credit' ? { document: parse(text, { noLocation: true }), variables: variables ?? {} } : null;
  })
  .filter((made): made is Operation => made !== null && isReckoned(made));

function isReckoned(made: Operation): boolean {
  try {
    reckon(made);
    return true;
  } catch {
    return false;
  }
}

const selectionsOf = (asked: DocumentNode): SelectionNode[] => {
  const found: SelectionNode[] = [];
  visit(asked, { SelectionSet: ({ selections }) => void (selections.length > 1 && found.push(...selections)) });
  return found;
};

const inFields = (asked: DocumentNode, pick: number): FieldNode | undefined => {
  const fields = selectionsOf(asked).filter((node) => node.kind === Kind.FIELD);
  return fields[pick % Math.max(1, fields.length)];
};

test('a cost never falls when a selection is added', () => {
  fc.assert(
    fc.property(operations, fc.nat(), (made, pick) => {
      const all = selectionsOf(made.document);
      fc.pre(all.length > 0);
      const left = all[pick % all.length];
      const less = { ...made, document: visit(made.document, { enter: (node) => (node === left ? null : undefined) }) };
      const [before, after] = [reckon(less), reckon(made)];
      expect(after.cost).toBeGreaterThanOrEqual(before.cost);
      expect(after.fetches).toBeGreaterThanOrEqual(before.fetches);
    }),
    { numRuns: 150 },
  );
});

test('a cost never falls when a field is asked again under another name', () => {
  fc.assert(
    fc.property(operations, fc.nat(), (made, pick) => {
      const field = inFields(made.document, pick);
      fc.pre(field !== undefined);
      const again: SelectionNode = { ...(field as FieldNode), alias: { kind: Kind.NAME, value: 'once_more' } };
      const more = {
        ...made,
        document: visit(made.document, {
          SelectionSet: (node) =>
            node.selections.includes(field as FieldNode)
              ? { ...node, selections: [...node.selections, again] }
              : undefined,
        }),
      };
      const [before, after] = [reckon(made), reckon(more)];
      expect(after.cost).toBeGreaterThanOrEqual(before.cost);
    }),
    { numRuns: 100 },
  );
});

test('a cost never falls when a page or a batch grows', () => {
  const bigger = (value: unknown): unknown =>
    typeof value === 'number'
      ? Math.max(0, value) + 7
      : Array.isArray(value) && value.length > 0
        ? [...value, value[0]]
        : value;
  fc.assert(
    fc.property(operations, (made) => {
      const grown = {
        document: visit(made.document, {
          IntValue: (node) => ({ ...node, value: String(bigger(Number(node.value))) }),
          ListValue: (node) => (node.values[0] ? { ...node, values: [...node.values, node.values[0]] } : undefined),
        }),
        variables: Object.fromEntries(Object.entries(made.variables).map(([name, value]) => [name, bigger(value)])),
      };
      expect(reckon(grown).cost).toBeGreaterThanOrEqual(reckon(made).cost);
    }),
    { numRuns: 150 },
  );
});

/** Every spread inlined out where it stands. */
function inlined(asked: DocumentNode): DocumentNode {
  const fragments = fragmentsIn(asked);
  const inside = (set: SelectionSetNode): SelectionSetNode => ({
    ...set,
    selections: set.selections.map((node): SelectionNode => {
      if (node.kind === Kind.FIELD)
        return node.selectionSet ? { ...node, selectionSet: inside(node.selectionSet) } : node;
      if (node.kind === Kind.INLINE_FRAGMENT) return { ...node, selectionSet: inside(node.selectionSet) };
      const fragment = fragments[node.name.value];
      if (!fragment) throw new Error(`there is no fragment ${node.name.value}`);
      const { typeCondition } = fragment;
      return {
        kind: Kind.INLINE_FRAGMENT,
        typeCondition,
        directives: node.directives ?? [],
        selectionSet: inside(fragment.selectionSet),
      } as InlineFragmentNode;
    }),
  });
  const operation = operationIn(asked);
  return { kind: Kind.DOCUMENT, definitions: [{ ...operation, selectionSet: inside(operation.selectionSet) }] };
}

/** Every response key another one, alike where they were alike. */
const renamed = (asked: DocumentNode): DocumentNode =>
  visit(asked, {
    Field: (node) =>
      node.name.value.startsWith('__')
        ? undefined
        : { ...node, alias: { kind: Kind.NAME, value: `r_${node.alias?.value ?? node.name.value}` } },
  });

/** Every literal number and list of an argument as a variable. */
function withVariables(made: Operation): Operation {
  const variables: Record<string, unknown> = { ...made.variables };
  const definitions: VariableDefinitionNode[] = [];
  const types = new TypeInfo(world.api);
  const asked = visit(
    made.document,
    visitWithTypeInfo(types, {
      Argument(node) {
        const input = types.getInputType();
        if (node.value.kind !== Kind.INT || !input) return undefined;
        const name = `lifted_${definitions.length}`;
        variables[name] = Number(node.value.value);
        definitions.push({
          kind: Kind.VARIABLE_DEFINITION,
          variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } },
          type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'Int' } },
        });
        return { ...node, value: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } } };
      },
    }),
  );
  const lifted = visit(asked, {
    OperationDefinition: (node) => ({
      ...node,
      variableDefinitions: [...(node.variableDefinitions ?? []), ...definitions],
    }),
  });
  return { document: lifted, variables };
}

/** Every selection set in two halves, each in an inline fragment without a type. */
const halved = (asked: DocumentNode): DocumentNode =>
  visit(asked, {
    SelectionSet: {
      leave: (node) => {
        if (node.selections.length < 2) return undefined;
        const half = (selections: readonly SelectionNode[]): InlineFragmentNode => ({
          kind: Kind.INLINE_FRAGMENT,
          directives: [],
          selectionSet: { kind: Kind.SELECTION_SET, selections },
        });
        return { ...node, selections: [half(node.selections.slice(0, 1)), half(node.selections.slice(1))] };
      },
    },
  });

/** Every field of several fields as two of the same name, each with a half of them. */
const split = (asked: DocumentNode): DocumentNode =>
  visit(asked, {
    SelectionSet: {
      leave: (node) => ({
        ...node,
        selections: node.selections.flatMap((selection): SelectionNode[] => {
          const inner = selection.kind === Kind.FIELD ? selection.selectionSet : undefined;
          if (!inner || inner.selections.length < 2) return [selection];
          return [inner.selections.slice(0, 1), inner.selections.slice(1)].map(
            (selections) => ({ ...selection, selectionSet: { ...inner, selections } }) as FieldNode,
          );
        }),
      }),
    },
  });

test.each<[string, (made: Operation) => Operation]>([
  ['with its fields in two parts', (made) => ({ ...made, document: split(made.document) })],
  ['with every fragment inlined out', (made) => ({ ...made, document: inlined(made.document) })],
  ['under other names', (made) => ({ ...made, document: renamed(made.document) })],
  ['with variables for literals', withVariables],
  ['in fragments of halves', (made) => ({ ...made, document: halved(made.document) })],
  ['printed and read again', (made) => ({ ...made, document: parse(print(made.document)) })],
])('a question costs the same %s', (_, respell) => {
  fc.assert(
    fc.property(operations, (made) => {
      const { cost, fetches } = reckon(made);
      expect(reckon(respell(made))).toMatchObject({ cost, fetches });
    }),
    { numRuns: 100 },
  );
});

test('n aliases of a field take n times its steps and cost; the root costs once', () => {
  const repeated = (made: DocumentNode, times: number): DocumentNode => {
    const operation = operationIn(inlined(made));
    const fields = operation.selectionSet.selections.filter(
      (node): node is FieldNode => node.kind === Kind.FIELD && !node.name.value.startsWith('__'),
    );
    const selections = Array.from({ length: times }, (_, time) =>
      fields.map((node, index): FieldNode => ({ ...node, alias: { kind: Kind.NAME, value: `k${time}_${index}` } })),
    ).flat();
    return {
      kind: Kind.DOCUMENT,
      definitions: [{ ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } }],
    };
  };
  fc.assert(
    fc.property(operations, fc.integer({ min: 2, max: 6 }), (made, times) => {
      fc.pre(operationIn(made.document).operation === 'query');
      const [none, one, many] = [0, 1, times].map((count) =>
        reckon({ ...made, document: repeated(made.document, count) }),
      ) as [Reckoned, Reckoned, Reckoned];
      expect({ cost: many.cost - none.cost, fetches: many.fetches, steps: many.steps }).toEqual({
        cost: times * (one.cost - none.cost),
        fetches: times * one.fetches,
        steps: times * one.steps,
      });
    }),
    { numRuns: 100 },
  );
});
