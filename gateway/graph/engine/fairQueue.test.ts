import { createFairQueue } from './fairQueue.ts';

interface Job {
  readonly name: string;
  readonly bytes: number;
}

let time = 0;
const open = (bounds = {}) => createFairQueue<Job>({ perCaller: 4, all: 100, bytes: 10_000, ...bounds }, () => time);
const job = (name: string, bytes = 100): Job => ({ name, bytes });
const takeAll = (queue: ReturnType<typeof open>): string[] => {
  const taken: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) {
    taken.push(next.job.name);
    queue.done(next.caller, 1000);
  }
  return taken;
};

test('a later caller with one text waits for none of the waiting texts of another', () => {
  const queue = open();
  for (const name of ['a1', 'a2', 'a3']) queue.add('a', job(name));
  const first = queue.take();
  queue.add('b', job('b1'));
  expect(first?.job.name).toBe('a1');
  expect(queue.take()?.job.name).toBe('b1');
});

test('a caller has one text under way, also while nobody else has any', () => {
  const queue = open();
  for (const name of ['a1', 'a2']) queue.add('a', job(name));
  expect(queue.take()).toEqual({ job: job('a1'), caller: 'a' });
  expect(queue.take()).toBeNull();
  queue.done('a', 10);
  expect(queue.take()).toEqual({ job: job('a2'), caller: 'a' });
});

test('the caller that has spent least is next, and time spent is forgotten after a while', () => {
  const queue = open();
  for (const caller of ['a', 'b', 'c']) for (const n of [1, 2]) queue.add(caller, job(`${caller}${n}`));
  expect(takeAll(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2']);
  // Many callers with an expensive text each delay a new one by the text in progress, and not by their number.
  for (const caller of ['a', 'b', 'c']) queue.add(caller, job(`${caller}3`));
  queue.add('d', job('d1'));
  expect(takeAll(queue)).toEqual(['d1', 'a3', 'b3', 'c3']);
  time += 3_600_000;
  for (const caller of ['d', 'a']) queue.add(caller, job(`${caller}4`));
  expect(takeAll(queue)).toEqual(['d4', 'a4']);
});

test('of one caller’s texts the shortest is next', () => {
  const queue = open();
  for (const bytes of [900, 60, 300]) queue.add('a', job(String(bytes), bytes));
  expect(takeAll(queue)).toEqual(['60', '300', '900']);
});

test('a caller has no more waiting than it may; a shorter text takes the place of its longest', () => {
  const queue = open();
  const long = job('long', 300);
  queue.add('a', long);
  for (const n of [1, 2, 3]) expect(queue.add('a', job(`dear ${n}`, 200))).toEqual({ displaced: null });
  expect(queue.add('a', job('as long', 300))).toBeNull();
  expect(queue.add('a', job('short', 60))).toEqual({ displaced: long });
  expect(queue.length).toBe(4);
  expect(queue.add('b', job('another’s', 900))).toEqual({ displaced: null });
});

test('waiting texts of callers leave room for the next caller', () => {
  const queue = open({ perCaller: 50 });
  for (let caller = 0; caller < 12; caller += 1)
    for (let n = 0; n < 50; n += 1) queue.add(`caller ${caller}`, job(`${caller} ${n}`, 10));
  expect(queue.length).toBeLessThan(100);
  expect(queue.add('newcomer', job('one', 10))).toEqual({ displaced: null });
});

test('texts are bounded by their bytes, too', () => {
  const queue = open();
  expect(queue.add('a', job('huge', 2501))).toBeNull();
  expect(queue.add('a', job('large', 1500))).toEqual({ displaced: null });
  expect(queue.add('a', job('more', 1500))).toBeNull();
  expect(queue.add('b', job('another’s', 1500))).toEqual({ displaced: null });
});

test('a text that waits for two callers is taken once, at the first turn of either', () => {
  const queue = open();
  const shared = job('shared');
  queue.add('a', job('a1', 10));
  queue.add('a', shared);
  queue.add('b', shared);
  expect(queue.length).toBe(2);
  expect(queue.take()?.job.name).toBe('a1');
  expect(queue.take()).toEqual({ job: shared, caller: 'b' });
  queue.done('a', 1);
  expect(queue.take()).toBeNull();
  expect(queue.length).toBe(0);
});

test('what a caller waits for no more still waits for others', () => {
  const queue = open();
  const shared = job('shared');
  for (const caller of ['a', 'b']) queue.add(caller, shared);
  queue.leave('a', shared);
  expect(queue.take()).toEqual({ job: shared, caller: 'b' });
  queue.add('a', shared);
  queue.leave('a', shared);
  expect(queue.length).toBe(0);
});
