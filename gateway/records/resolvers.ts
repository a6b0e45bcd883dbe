import { type GraphQLSchema, isInterfaceType } from 'graphql';
import { clientError, notFound } from '#kit/errors.ts';
import { decodeId, encodeId, RECORD } from '#records/record.ts';
import type { SourceRegistry } from '#gateway/graph/sources.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import type { Resolvers, ResolversInterfaceTypes, ResolversParentTypes } from './resolvers.generated.ts';

/** Whether the graph has records of this type: those that the subgraphs' definitions bring. */
const isRecordType = (schema: GraphQLSchema, name: string): boolean => {
  const creditRecord = schema.getType('CreditRecord');
  return isInterfaceType(creditRecord) && schema.getPossibleTypes(creditRecord).some((type) => type.name === name);
};

export interface RecordParts {
  readonly sources: SourceRegistry;
}

/**
 * `Query.record`: reads the id and fixes the two times. The plan requests the rest from the subgraph that owns the
 * record, including whether the record exists for this viewer (gateway/graph/graph.ts).
 */
export const createRecordResolvers = ({
  sources,
}: RecordParts): FolderResolverMap<Resolvers, ResolversParentTypes> => ({
  Query: {
    /**
     * @throws NOT_FOUND for a text that is no id of a record; KNOWN_AT_TOO_LATE for an instant that is not sealed in
     * all sources.
     */
    async record(_, { id, validAt, knownAt }, { moment }, { schema }) {
      const at = { validAt: validAt ?? moment.validAt, knownAt: knownAt ?? moment.knownAt };
      if (at.knownAt > moment.knownAt) {
        await sources.refresh();
        const sealed = await sources.sealed();
        if (at.knownAt > sealed)
          throw clientError('KNOWN_AT_TOO_LATE', `What was known at ${at.knownAt} is not settled yet.`, {
            argument: 'knownAt',
            expected: `an instant up to ${sealed}`,
          });
      }
      const key = decodeId(id);
      // Only as `encodeId` writes it: base64 has other spellings of the same bytes.
      if (!key || !isRecordType(schema, key.kind) || encodeId(key.kind, key.uscc, key.recordId) !== id)
        throw notFound(RECORD);
      // A stub of any of the types is alike.
      return { __typename: key.kind, id, ...at } as ResolversInterfaceTypes<never>['CreditRecord'];
    },
  },
});
