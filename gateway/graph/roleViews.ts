import type { GraphQLSchema } from 'graphql';
import type { Role } from '#policy/roles.ts';
import { roleView } from '#policy/visibility.ts';
import { printWithCosts } from './cost/publish.ts';
import type { Weights } from './cost/weights.ts';

/** The schema as each role sees it: made when it is first requested, and kept. */
export interface RoleViews {
  view(role: Role): GraphQLSchema;
  /** The same as SDL, with the weights of fields. */
  sdl(role: Role): string;
}

/** @param enforced whether there is a policy; without one every role sees the whole schema */
export function createRoleViews(schema: GraphQLSchema, weights: Weights, enforced: boolean): RoleViews {
  const views = new Map<Role, GraphQLSchema>();
  const view = (role: Role): GraphQLSchema => {
    if (!enforced) return schema;
    let seen = views.get(role);
    if (!seen) views.set(role, (seen = roleView(schema, role)));
    return seen;
  };

  // Printing takes milliseconds, and any client may request it.
  const printed = new Map<Role, string>();
  return {
    view,
    sdl(role) {
      let text = printed.get(role);
      if (text === undefined) printed.set(role, (text = printWithCosts(view(role), weights)));
      return text;
    },
  };
}
