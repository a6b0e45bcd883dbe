import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  validate,
} from 'graphql';
import type { Role } from '#policy/roles.ts';
import { type Limits, parseWithin } from '#gateway/graph/limits.ts';

/**
 * The result for a text to be published: the name of its only operation, or why it may not be published, in one
 * sentence.
 */
export type Checked = { readonly name: string } | { readonly problem: string };

export type DocumentCheck = (role: Role, text: string) => Checked;

const MAX_ERRORS = 3;
/** The maximum length of a name, which is displayed and used in metrics. */
const MAX_NAME = 120;

/** The schemas that a text is checked against: the whole schema, and the schema as a role sees it. */
export interface Views {
  readonly schema: GraphQLSchema;
  view(role: Role): GraphQLSchema;
}

/** @param limits those of every request */
export function createDocumentCheck({ schema, view }: Views, limits: Limits): DocumentCheck {
  return (role, text) => {
    const document = parseWithin(limits, text);
    if (document instanceof GraphQLError) return { problem: document.message };
    const operations = document.definitions.filter(
      (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
    );
    const name = operations[0]?.name?.value;
    if (operations.length !== 1 || name === undefined)
      return { problem: 'A published document has one operation, and that has a name.' };
    if (name.length > MAX_NAME) return { problem: `The name of an operation has at most ${MAX_NAME} characters.` };
    const problem = problemIn(schema, document, '') ?? problemIn(view(role), document, `As ${role} sees the schema: `);
    return problem === null ? { name } : { problem };
  };
}

function problemIn(schema: GraphQLSchema, document: DocumentNode, before: string): string | null {
  const errors = validate(schema, document, undefined, { maxErrors: MAX_ERRORS, hideSuggestions: true });
  return errors.length === 0
    ? null
    : before +
        errors
          .slice(0, MAX_ERRORS)
          .map(({ message }) => message)
          .join(' ');
}
