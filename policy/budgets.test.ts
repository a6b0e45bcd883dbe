import { parseBudgets, standardBudgets } from './budgets.ts';

test('what is not named keeps its standard', () => {
  expect(parseBudgets('', '')).toEqual(standardBudgets);
  expect(parseBudgets('PUBLIC=100/10, SUBJECT=5/1', 'PUBLIC=3')).toEqual({
    ...standardBudgets,
    PUBLIC: { points: 100, seconds: 10, selfEmployedADay: 3 },
    SUBJECT: { ...standardBudgets.SUBJECT, points: 5, seconds: 1 },
  });
});

test('every problem is named at once, with what is expected', () => {
  const message = (): unknown => parseBudgets('PUBLIC=100,MAYOR=1/1,PUBLIC=0/5,PUBLIC=5/90000', 'PUBLIC=many');
  expect(message).toThrow(
    new RegExp(
      '^"PUBLIC=100": expected ROLE=points/seconds with a role of PUBLIC.*"MAYOR=1/1": ' +
        '.*PUBLIC: expected 1 to .*PUBLIC: expected 1 to .*"PUBLIC=many": expected ROLE=codes',
    ),
  );
});
