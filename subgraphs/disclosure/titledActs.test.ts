import { matterOf } from './titledActs.ts';

test('what an act is about does not depend on width, case and spaces', () => {
  expect(matterOf({ content: '变更（A） 登记', certificateNo: null })).toBe(matterOf({ content: '变更(a)登记' }));
});

test.each([
  [{ content: '变更登记' }, { content: '设立登记' }],
  [{ content: '变更登记' }, { certificateNo: '变更登记' }],
  [{ content: '变更登记' }, { content: '变更登记', certificateNo: '1' }],
  [{ content: 'a","b' }, { content: 'a', certificateNo: 'b' }],
])('%j and %j are two matters', (one, other) => {
  expect(matterOf(one)).not.toBe(matterOf(other));
});

test('an act that states neither is about nothing', () => {
  expect(matterOf({ content: null })).toBeNull();
});
