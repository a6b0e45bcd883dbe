import type { Bench } from '#test/bench/bench.ts';
import { assertEqualAnswers, type Cost, measure, measureLives, type Side } from '#test/bench/measure.ts';
import { startWorker, type Worker } from '#test/bench/processes.ts';
import { openBank } from './bank.ts';
import { ENTITIES, openFileDatabase } from './dataset.ts';
import { hundreds, singles, withBareIds } from './operations.ts';

export interface FileCosts {
  readonly one: { readonly unguarded: Cost; readonly guarded: Cost; readonly sql: Cost };
  readonly hundred: { readonly unguarded: Cost; readonly guarded: Cost; readonly sql: Cost };
  readonly guards: { readonly on: Cost; readonly off: Cost };
}

/** Rows 4 and 5, on one database. Null: a profile was taken instead. */
export async function runFiles({ client, settings, say, profile }: Bench): Promise<FileCosts | null> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openFileDatabase(settings, say));
  const bank = stack.use(await openBank(database.url));

  const start = async (
    owner: AsyncDisposableStack,
    name: string,
    file: string,
    given: object,
  ): Promise<Worker<string>> =>
    owner.use(await startWorker<string>(name, file, { ...bank.given, url: database.url, ...given }));
  const startGuarded = (owner: AsyncDisposableStack) =>
    start(owner, 'GraphQL, guards on', './files/ours.ts', { guards: true });
  const startUnguarded = (owner: AsyncDisposableStack) =>
    start(owner, 'GraphQL, guards off', './files/ours.ts', { guards: false });
  const [guarded, unguarded] = [await startGuarded(stack), await startUnguarded(stack)];
  const sql = await start(stack, 'one SQL', './files/sql.ts', {});

  const entities = ENTITIES[settings.scale];
  const one = singles(entities);
  const hundred = hundreds(entities);
  const side = (worker: Worker<string>, bodies: readonly string[], operations: number): Side => ({
    name: worker.name,
    load: { url: worker.ready, bodies },
    parts: { node: worker.cpu, postgres: database.cpu },
    operations,
    comparable: ({ data }) => withBareIds(data),
  });
  const compare = async (
    bodies: { graphql: readonly string[]; sql: readonly string[] },
    operations: number,
  ): Promise<Side[]> => {
    const sides = [
      side(unguarded, bodies.graphql, operations),
      side(guarded, bodies.graphql, operations),
      side(sql, bodies.sql, operations),
    ];
    await assertEqualAnswers(client, sides);
    return sides;
  };
  const guardSide = (worker: Worker<string>): Side => ({
    name: worker.name,
    load: { url: worker.ready, bodies: one.scored, headers: bank.headers },
    parts: { node: worker.cpu, postgres: database.cpu },
    operations: settings.fileOperations / 2,
  });

  const ones = await compare(one, settings.fileOperations);
  const batches = await compare(hundred, settings.batchOperations);
  const guardSides = [guardSide(guarded), guardSide(unguarded)];
  await assertEqualAnswers(client, guardSides);
  const taken = await profile({
    '4': [unguarded, ones[0]],
    '4-guarded': [guarded, ones[1]],
    '4-batch': [unguarded, batches[0]],
    'peer-4': [sql, ones[2]],
    '5': [guarded, guardSides[0]],
    '5-off': [unguarded, guardSides[1]],
  });
  if (taken) return null;

  say(
    `rows 4–5: ${entities} entities, ${settings.rounds} rounds of ${settings.fileOperations} files (${settings.batchOperations} batches of 100) a side, ${settings.inFlight} in flight`,
  );
  const named = ([off, on, bare]: readonly Cost[]) => ({
    unguarded: off as Cost,
    guarded: on as Cost,
    sql: bare as Cost,
  }); // one for each side
  const costsOfOne = named(await measure(client, ones, settings));
  const costsOfHundred = named(await measure(client, batches, settings));
  // What is looked for is small beside the noise of the machine and of its processes: shorter rounds, and several lives.
  const [on, off] = await measureLives(
    client,
    async (life) => [guardSide(await startGuarded(life)), guardSide(await startUnguarded(life))],
    settings,
  );
  return { one: costsOfOne, hundred: costsOfHundred, guards: { on: on as Cost, off: off as Cost } }; // one for each side
}
