import { createViewer, type Viewer } from '#policy/viewer.ts';
import { topic as nameList } from '#subgraphs/namelist/topic.ts';
import { type ChangeFilter, readFilter } from './filter.ts';
import type { Change, Facets } from '#gateway/feed/log.ts';
import { listenerOf, deliveryOf, wasInSight, wasDeliveredBefore } from './delivery.ts';

// docs/PROTOCOL.md P6, P7: what a subscriber receives of a change.

const TODAY = '2026-11-26';
const state = (more: Partial<Facets> = {}): Facets => ({
  uscc: '91330000000000000A',
  disclosure_level: 'PUBLIC',
  public_from: '2026-01-01',
  public_until: '2030-01-01',
  withdrawn_on: null,
  erased_at: null,
  province: '33',
  sector: 'C',
  source_unit: '11330000000000000C',
  determining_unit: '11330000000000000C',
  type: 'DISHONEST',
  category: 'SERIOUS',
  ...more,
});
const change = (more: Partial<Change> = {}): Change => ({
  ...state(),
  seq: 7n,
  topic: 'NAME_LIST',
  kind: 'ADDED',
  reason: null,
  record_id: '00000000-0000-0000-0000-000000000001',
  version: 1,
  recorded_at: '2026-11-26T00:00:00.000Z',
  before: null,
  basis: null,
  watchlist: null,
  ...more,
});

const who = (role: Viewer['role'], more: Partial<Viewer> = {}): Viewer =>
  createViewer({
    role,
    organisation: 'X',
    province: null,
    sector: null,
    purposes: [],
    purpose: 'SUPERVISION',
    tokenId: null,
    ...more,
  });
const bank = who('FINANCIAL_INSTITUTION');
const zhejiang = who('PROVINCIAL_PLATFORM', { province: '33' });
const auditor = who('AUDITOR');
const everything = readFilter(nameList, {});

const deliveredTo = (
  viewer: Viewer,
  of: Change,
  { filter = everything, latest = of }: { filter?: ChangeFilter; latest?: Change } = {},
) => {
  const listener = listenerOf(viewer, filter, TODAY);
  const delivery = deliveryOf(listener, of, latest, wasInSight(listener, of.before));
  return delivery && { kind: delivery.kind, entered: delivery.entered, reason: delivery.reason };
};
const addedAs = (kind: string) => ({ kind, entered: false, reason: null });
const removed = (reason: string) => ({ kind: 'REMOVED', entered: false, reason });

test('a public record is delivered to a bank, one shared in government is not', () => {
  expect(deliveredTo(bank, change())).toEqual(addedAs('ADDED'));
  expect(deliveredTo(bank, change({ disclosure_level: 'GOV_SHARED' }))).toBeNull();
  expect(deliveredTo(zhejiang, change({ disclosure_level: 'GOV_SHARED' }))).toEqual(addedAs('ADDED'));
});

test('a reader that had a record learns of its repair, one that never had it nothing; an auditor still sees it', () => {
  const repaired = change({ kind: 'WITHDRAWN', reason: 'REPAIRED', version: 2, withdrawn_on: TODAY, before: state() });
  expect(deliveredTo(bank, repaired)).toEqual(removed('REPAIRED'));
  expect(deliveredTo(bank, { ...repaired, before: state({ disclosure_level: 'GOV_SHARED' }) })).toBeNull();
  expect(deliveredTo(auditor, repaired)).toEqual(addedAs('WITHDRAWN'));
});

test('changes of a record after it has gone are not delivered', () => {
  expect(
    deliveredTo(
      bank,
      change({ kind: 'CORRECTED', version: 3, withdrawn_on: TODAY, before: state({ withdrawn_on: TODAY }) }),
    ),
  ).toBeNull();
});

test('a record that moves out of the province is gone for its platform, and entered for the other', () => {
  const moved = change({
    kind: 'CORRECTED',
    version: 2,
    disclosure_level: 'GOV_SHARED',
    province: '44',
    before: state({ disclosure_level: 'GOV_SHARED' }),
  });
  expect(deliveredTo(zhejiang, moved)).toEqual(removed('MOVED'));
  expect(deliveredTo(who('PROVINCIAL_PLATFORM', { province: '44' }), moved)).toEqual({
    kind: 'CORRECTED',
    entered: true,
    reason: null,
  });
});

test('leaving and entering a filter is delivered, whatever its kinds are', () => {
  const moved = change({ kind: 'CORRECTED', version: 2, province: '44', before: state() });
  expect(deliveredTo(bank, moved, { filter: readFilter(nameList, { provinces: ['33'], kinds: ['ADDED'] }) })).toEqual(
    removed('MOVED'),
  );
  expect(deliveredTo(bank, moved, { filter: readFilter(nameList, { provinces: ['44'] }) })).toEqual({
    kind: 'CORRECTED',
    entered: true,
    reason: null,
  });
  expect(
    deliveredTo(bank, moved, { filter: readFilter(nameList, { provinces: ['44'], kinds: ['ADDED'] }) }),
  ).toBeNull();
});

test('the present rights count: a change of a record that was withdrawn later is delivered without it', () => {
  const added = change();
  const latest = change({
    seq: 9n,
    kind: 'WITHDRAWN',
    reason: 'REVOKED',
    version: 2,
    withdrawn_on: TODAY,
    before: state(),
  });
  expect(deliveredTo(bank, added, { latest })).toBeNull();
  const listener = listenerOf(bank, everything, TODAY);
  expect(wasDeliveredBefore(listener, latest, latest)).toBe(false);
});

test('the end of publication is a reason of its own, and so is erasure', () => {
  const ended = { public_until: '2026-11-25' };
  expect(deliveredTo(bank, change({ kind: 'CORRECTED', version: 2, ...ended, before: state() }))).toEqual(
    removed('ENDED'),
  );
  expect(
    deliveredTo(bank, change({ kind: 'ERASED', version: 2, erased_at: '2026-11-26T00:00:00.000Z', before: state() })),
  ).toEqual(removed('ERASED'));
});

test('a self-employed business is followed by government alone', () => {
  const uscc = '92330000000000000A';
  expect(deliveredTo(bank, change({ uscc }))).toBeNull();
  expect(deliveredTo(zhejiang, change({ uscc }))).toEqual(addedAs('ADDED'));
});

test('a filter that means the same is the same; an empty list and an unknown code are refused', () => {
  const one = readFilter(nameList, { provinces: ['44', '33', '44'], categories: ['SERIOUS'] });
  expect(one.canonical).toBe(readFilter(nameList, { categories: ['SERIOUS'], provinces: ['33', '44'] }).canonical);
  expect(() => readFilter(nameList, { provinces: [] })).toThrow(
    expect.objectContaining({ extensions: expect.objectContaining({ reason: 'EMPTY', argument: 'filter.provinces' }) }),
  );
  expect(() => readFilter(nameList, { types: ['NONSENSE'] })).toThrow(
    expect.objectContaining({
      extensions: expect.objectContaining({ reason: 'UNKNOWN_CODE', argument: 'filter.types' }),
    }),
  );
});
