import DataLoader from 'dataloader';

/**
 * Creates a loader that all requests share: requests in the same turn of the event loop become one statement per group.
 * With a loader per request Node spends 5 times the CPU (reference/data-layer.md). Nothing is cached, so nothing
 * outlives a grant. Whatever decides rights must be in the group: rows of two groups are never fetched by one
 * statement.
 *
 * @param groupOf everything but the code: row scope, times, page size; equal strings share a statement
 * @param load one result per item, in order
 */
export function createSharedLoader<Ask, Result>(
  groupOf: (ask: Ask) => string,
  load: (asks: readonly Ask[]) => Promise<readonly Result[]>,
  maxBatchSize = 200,
): (ask: Ask) => Promise<Result> {
  const loader = new DataLoader<Ask, Result>(
    async (asks) => {
      const groups = new Map<string, number[]>();
      asks.forEach((ask, index) => {
        const group = groupOf(ask);
        const members = groups.get(group);
        if (members) members.push(index);
        else groups.set(group, [index]);
      });
      const results: (Result | Error)[] = Array.from({ length: asks.length });
      await Promise.all(
        [...groups.values()].map(async (members) => {
          try {
            const loaded = await load(members.map((index) => asks[index] as Ask)); // the index came from `asks`
            members.forEach((index, position) => {
              results[index] = loaded[position] as Result; // `load` returns one result per item
            });
          } catch (error) {
            const failure = error instanceof Error ? error : new Error(String(error));
            for (const index of members) results[index] = failure;
          }
        }),
      );
      return results;
    },
    { cache: false, maxBatchSize, batchScheduleFn: (callback) => setImmediate(callback) },
  );
  return (ask) => loader.load(ask);
}
