import type { GraphQLScalarType } from 'graphql';

/** Fields whose parent has no property of that name and type, so that graphql's own resolver would answer nothing, or something else. */
type Unanswered<Fields, Parent> = {
  [Field in keyof Fields]-?: Field extends `__${string}` ? never : Field extends keyof Parent ? ([Parent[Field]] extends [never] ? Field : Given<Parent[Field]> extends Answer<Fields[Field]> ? never : Field) : Field;
}[keyof Fields];

/** As graphql gives a property: what is left out is null. */
type Given<Value> = Exclude<Value, undefined> | (undefined extends Value ? null : never);

type Answer<Resolver> = Resolver extends (...given: never) => infer Result ? Result : never;

/** Streams are told by the gateway, in the words of a page (gateway/live): no schema runs a subscription itself. */
type TypesOf<All, Parents> = { [Type in keyof All & keyof Parents]: Type extends 'Subscription' ? never : NonNullable<All[Type]> extends GraphQLScalarType ? never : Type }[keyof All & keyof Parents];

/**
 * The generated `Resolvers`, with a resolver for every field that its parent does not answer by itself: a field added to the SDL
 * or a column renamed in a row does not compile until somebody says what the field gives. `Parents` are the generated
 * `ResolversParentTypes`.
 */
export type ResolverMap<All, Parents> = All & {
  readonly [Type in TypesOf<All, Parents> as Unanswered<NonNullable<All[Type]>, Parents[Type]> extends never ? never : Type]: Required<Pick<NonNullable<All[Type]>, Unanswered<NonNullable<All[Type]>, Parents[Type]>>>;
};
