import { catchesUp, fallBehind } from '../changes/catchUp.ts';
import { load } from '../changes/dataset.ts';
import { openFanOut } from '../changes/fanOut.ts';
import { measureIdle } from '../changes/idle.ts';
import { catchUps } from '../changes/queries.ts';
import { SIZES } from '../changes/rows.ts';
import { followBesideStopped, openAudience } from '../changes/slow.ts';
import { ask, follow, setStage, type Stage } from '../changes/stage.ts';
import type { CaughtUp } from '../changes/subscribers.ts';
import { LIVES } from '#test/bench/measure.ts';
import { type Comparison, type CompareRows, ofBoth } from './comparison.ts';
import { openDatabases } from './databases.ts';
import { comparePairs, type Figures, type Round, type Schedule } from './pairs.ts';

// Rows 7 to 11, at the sizes of `ci` and with shorter rounds: of each there are thirty and more.

const { ci } = SIZES;
export const ROUND_SECONDS = 4;
/**
 * Before each round that measures delays. A process that has waited for the other's round is slow for its first
 * changes, by half a second and more, so that of each pair the second one had a p99 of ten times the first one's.
 */
export const AWAKE_SECONDS = 2;
/** The network takes some five seconds of what one does not read; then it waits in the gateway. */
export const STOPPED_SECONDS = 10;
/** One checkpoint of each. */
export const IDLE_MS = 10_500;
/** Of five hundred, four parts in five are what the gateway has for all of them: those after them show what one takes. */
export const IDLE = { others: 500, subscribers: 1500 } as const;

type Stages = Readonly<Record<'here' | 'there', Stage>>;
type OpenRound = (stage: Stage, name: 'here' | 'there', life: AsyncDisposableStack) => Promise<Round>;
type Compare = (row: string, open: OpenRound, schedule?: Partial<Schedule>) => Promise<void>;

export const compareChanges: CompareRows = async (comparison, wanted) => {
  await using stack = new AsyncDisposableStack();
  const stages = await setStages(comparison, stack);
  const { compared, settings, say } = comparison;
  const compare: Compare = async (row, open, schedule) => {
    say(`row ${row}: ${settings.rounds} pairs`);
    const pairs = comparePairs(row, { pairs: settings.rounds, lives: LIVES, warmUp: 0, ...schedule }, (life) =>
      ofBoth(comparison, ({ name }) => open(stages[name], name, life)),
    );
    compared.push(...(await pairs));
  };
  if (wanted.has('7')) await compare('7', fanOut(ci.one));
  if (wanted.has('8')) await compare('8', fanOut(ci.all));
  if (wanted.has('9')) await compare('9', idle, { lives: 1, atOnce: true });
  if (wanted.has('10')) await compareCatchUp(stages, compare);
  if (wanted.has('11')) await compare('11', slow);
};

async function setStages(comparison: Comparison, owner: AsyncDisposableStack): Promise<Stages> {
  const { deployment, say } = comparison;
  const servers = await openDatabases(comparison, 'changes', load, owner);
  return ofBoth(comparison, async ({ name, startGateway }) => {
    const server = servers[name];
    const start = () => startGateway(deployment.environment(server.url));
    return owner.use(
      await setStage({ server, issuer: deployment.issuer, start, say: (line) => say(`${name}: ${line}`) }),
    );
  });
}

/** Does a work, and adds what gateway and PostgreSQL spent on each of its changes. */
async function withCpu(
  stage: Stage,
  gateway: { cpu(): Promise<number> },
  measure: string,
  changes: number,
  work: () => Promise<Figures>,
): Promise<Figures> {
  const spent = async (): Promise<number> => (await gateway.cpu()) + (await stage.server.cpu());
  const before = await spent();
  const figures = await work();
  return { ...figures, [`${measure}: µs CPU/change`]: ((await spent()) - before) / changes };
}

const fanOut =
  (of: (typeof ci)['one']): OpenRound =>
  async (stage, _, life) => {
    const size = { ...of, seconds: ROUND_SECONDS };
    const { gateway, subscribers, streams } = await openFanOut(stage, size, life);
    const measure = `${size.subscribers} subscribers of ${size.of}, ${size.rate} changes/s`;
    return async () => {
      await follow(stage, subscribers, streams, { ...size, seconds: AWAKE_SECONDS });
      return withCpu(stage, gateway, measure, size.rate * size.seconds, async () => {
        const { fromCommit } = await follow(stage, subscribers, streams, size);
        return { [`${measure}: ms commit → client, p99`]: fromCommit.p99 };
      });
    };
  };

/** A gateway of its own for each round: what it has taken for the connections of one it does not give back. */
const idle: OpenRound = (stage) =>
  Promise.resolve(async () => {
    const { each } = await measureIdle(stage, IDLE.subscribers, { idleMs: IDLE_MS, others: IDLE.others });
    const measure = `${IDLE.subscribers} more idle subscribers than ${IDLE.others}`;
    return { [`${measure}: resident KiB each`]: each.resident, [`${measure}: KiB of heap each`]: each.heap };
  });

async function compareCatchUp(stages: Stages, compare: Compare): Promise<void> {
  const cursors = { here: await cursorOf(stages.here), there: await cursorOf(stages.there) };
  const open: OpenRound = async (stage, name, life) => {
    const gateway = life.use(await stage.startGateway());
    const client = life.use(await stage.startSubscribers('client'));
    const bearer = catchesUp(stage, gateway);
    return () =>
      withCpu(stage, gateway, 'catch-up, all four', 4 * ci.events, async () => {
        const figures: Record<string, number> = {};
        for (const fields of ['own', 'others'] as const) {
          for (const transport of ['stream', 'page'] as const) {
            const { seconds } = await ask<CaughtUp>(client, {
              task: 'catch up',
              transport,
              query: catchUps[fields][transport],
              bearer,
              after: cursors[name],
              changes: ci.events,
            });
            const by = transport === 'stream' ? 'WebSocket' : 'pages';
            const what = fields === 'own' ? 'own fields' : 'fields of three subgraphs';
            figures[`catch-up, ${what}, ${by}: µs/change`] = (seconds * 1e6) / ci.events;
          }
        }
        return figures;
      });
  };
  await compare('10', open, { warmUp: 1 });
}

/** Writes the changes that are caught up with. @returns the cursor before them, good for all gateways of these keys */
async function cursorOf(stage: Stage): Promise<string> {
  await using gateway = await stage.startGateway();
  await using client = await stage.startSubscribers('client');
  return await fallBehind(stage, gateway, client, ci.events);
}

const slow: OpenRound = async (stage, _, life) => {
  const size = { ...ci.slow, seconds: STOPPED_SECONDS };
  const audience = await openAudience(stage, size, life);
  const measure = `${size.others} others while one has stopped reading`;
  return async () => {
    await follow(stage, audience.others, audience.streams, { ...size, seconds: AWAKE_SECONDS });
    return withCpu(stage, audience.gateway, measure, size.rate * size.seconds, async () => {
      const p99 = await followBesideStopped(stage, size, audience);
      return { [`${measure}: ms commit → client, p99`]: p99 };
    });
  };
};
