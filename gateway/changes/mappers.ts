// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

export type { StreamEvent as ChangeEvent } from './events.ts';
