import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type DefinitionNode, type DocumentNode, Kind, parse, visit } from 'graphql';
import { controlSchemaFiles, controlTypeDefs } from './control.ts';
import { subgraphTypeDefs, withExtensionsMerged } from '#kit/schema/typeDefs.ts';
import { definitions } from '#subgraphs/definitions.ts';

// A preset of GraphQL Code Generator (codegen.yml): typed resolvers for every folder that has a `schema.graphql`, so
// that a resolver that does not fit its SDL does not compile. A folder's `mappers.ts` declares the parent types of its
// resolvers.

const root = join(import.meta.dirname, '..');
const SHARED_MAPPERS = 'records/mappers.ts';
const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);

const nameOf = (node: DefinitionNode): string => ('name' in node && node.name ? node.name.value : '');

/** All definitions of the control subgraph, and those of its types that a folder may reference. */
const control = controlTypeDefs(definitions).definitions;
const nameable = new Map(control.flatMap((node) => (ROOTS.has(nameOf(node)) ? [] : [[nameOf(node), node] as const])));

interface Section {
  readonly filename: string;
  readonly schema: DocumentNode;
  readonly schemaAst: undefined;
  readonly config: Readonly<Record<string, unknown>>;
}

export const preset = {
  /** @throws Error that names a mapper whose type is in no schema of its folder */
  buildGeneratesSection: (options: Section): Section[] => [
    ...definitions.map(({ schemaFile }) =>
      sectionOf(options, dirname(relative(root, schemaFile)), subgraphTypeDefs(schemaFile)),
    ),
    ...controlSchemaFiles.map((file) => sectionOf(options, dirname(relative(root, file)), partOfControl(file))),
  ],
};

function sectionOf(options: Section, folder: string, schema: DocumentNode): Section {
  const known = new Set(schema.definitions.map(nameOf));
  const own = mappersIn(`${folder}/mappers.ts`);
  const missing = own.filter((type) => !known.has(type));
  if (missing.length > 0)
    throw new Error(`${folder}/mappers.ts maps ${missing.join(', ')}: its schema has no such type`);
  const isControl = folder.startsWith('gateway/');
  const from = (path: string): string => {
    const specifier = relative(folder, path);
    return specifier.startsWith('.') ? specifier : `./${specifier}`;
  };
  const mapped = (types: readonly string[], path: string) =>
    types.filter((type) => known.has(type)).map((type) => [type, `${from(path)}#${type} as ${type}Parent`] as const);
  const context = isControl ? 'gateway/graph/controlContext.ts#ControlContext' : 'kit/context.ts#SubgraphContext';
  return {
    ...options,
    filename: `${folder}/resolvers.generated.ts`,
    schema,
    schemaAst: undefined, // the schema of the whole API; the generator builds a new one from `schema`
    config: {
      ...options.config,
      contextType: from(context),
      mappers: Object.fromEntries([
        ...mapped(mappersIn(SHARED_MAPPERS), SHARED_MAPPERS),
        ...mapped(own, `${folder}/mappers.ts`),
      ]),
    },
  };
}

/** The types that a file of mappers names: `export type { Row as Type }` and `export type Type = …`. */
function mappersIn(file: string): string[] {
  if (!existsSync(join(root, file))) return [];
  const text = readFileSync(join(root, file), 'utf8');
  const listed = [...text.matchAll(/export type \{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(',').flatMap((name) => name.trim().split(' as ').at(-1) || []),
  );
  return [...listed, ...[...text.matchAll(/export type (\w+) =/g)].flatMap(([, name]) => name ?? [])];
}

/**
 * One folder's part of the control subgraph: its own definitions, and those that they reference, from any folder. Of
 * object types that several folders extend it has only its own fields; unions, enums and inputs are whole.
 */
function partOfControl(file: string): DocumentNode {
  const own = withExtensionsMerged(parse(readFileSync(file, 'utf8')));
  const reached = new Map(
    own.definitions.map((node) => [
      nameOf(node),
      node.kind === Kind.OBJECT_TYPE_DEFINITION ? node : (nameable.get(nameOf(node)) ?? node),
    ]),
  );
  for (const node of control) if (node.kind === Kind.DIRECTIVE_DEFINITION) reached.set(`@${nameOf(node)}`, node);
  // Definitions that are reached are walked in turn: iterating over a map includes entries that are added meanwhile.
  for (const node of reached.values()) {
    visit(node, {
      NamedType({ name: { value } }) {
        const named = nameable.get(value);
        if (named && !reached.has(value)) reached.set(value, named);
      },
    });
  }
  return withExtensionsMerged({ kind: Kind.DOCUMENT, definitions: [...reached.values()] });
}
