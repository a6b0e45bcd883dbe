import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLScalarType } from 'graphql';

/** The name of a column, `term_until`, for the name of a field, `termUntil`. */
type ColumnOf<Field> = Field extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${ColumnOf<Rest>}`
  : '';

/**
 * Fields whose parent has no property, and no column, of that name and type, so that the resolver of a field without
 * one (`propertyOrColumn`) would return nothing, or something else.
 */
type Unanswered<Fields, Parent> = {
  [Field in keyof Fields]-?: Field extends `__${string}`
    ? never
    : Field extends keyof Parent
      ? UnlessAnswered<Field, Fields[Field], Parent[Field]>
      : ColumnOf<Field> extends keyof Parent
        ? UnlessAnswered<Field, Fields[Field], Parent[ColumnOf<Field>]>
        : Field;
}[keyof Fields];

type UnlessAnswered<Field, Resolver, Value> = [Value] extends [never]
  ? Field
  : Given<Value> extends Answer<Resolver>
    ? never
    : Field;

/** The type that graphql returns for a property: what is left out is null. */
type Given<Value> = Exclude<Value, undefined> | (undefined extends Value ? null : never);

type Answer<Resolver> = Resolver extends (...given: never) => infer Result ? Result : never;

/** The gateway delivers streams in the form of pages (gateway/changes): no schema runs a subscription itself. */
type TypesOf<All, Parents> = {
  [Type in keyof All & keyof Parents]: Type extends 'Subscription'
    ? never
    : NonNullable<All[Type]> extends GraphQLScalarType
      ? never
      : Type;
}[keyof All & keyof Parents];

/**
 * The generated `Resolvers`, with a resolver for every field that its parent does not have. A field added to the SDL,
 * or a column renamed in a row, does not compile until there is a resolver. `Parents` are the generated
 * `ResolversParentTypes`.
 */
export type ResolverMap<All, Parents> = All & {
  readonly [
    Type in TypesOf<All, Parents> as Unanswered<NonNullable<All[Type]>, Parents[Type]> extends never ? never : Type
  ]: Required<Pick<NonNullable<All[Type]>, Unanswered<NonNullable<All[Type]>, Parents[Type]>>>;
};

/**
 * The same for a folder of the control subgraph: pages are resolved alike for all of its folders (gateway/control.ts).
 */
export type FolderResolverMap<All, Parents> = ResolverMap<Omit<All, 'PageInfo'>, Parents>;

/**
 * The resolver of a field that has none: the property of its name or, where the parent is a row without it, the column
 * of its name.
 * @param field the field's name in the schema, such as `termUntil`
 * @returns null where the name is the same in both, so that graphql's own resolver does
 */
export function propertyOrColumn(field: string): GraphQLFieldResolver<unknown, unknown> | null {
  const column = field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (column === field) return null;
  // Not by `in`, which takes five times as long.
  return (parent, args, context, info) => {
    const row = parent as Readonly<Record<string, unknown>>;
    if (row[field] === undefined) return row[column];
    return defaultFieldResolver(parent, args, context, info);
  };
}
