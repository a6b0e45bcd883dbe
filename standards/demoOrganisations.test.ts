import {
  demoOrganisations,
  findDemoOrganisation,
  authorities,
  syntheticUnit,
  type Authority,
} from './demoOrganisations.ts';
import { reportingUnits } from './divisions.ts';
import { checkUscc } from './uscc.ts';

test('every demo organisation and synthetic unit has a code of its own, valid without a warning', () => {
  const units = reportingUnits.flatMap((unit) =>
    Object.keys(authorities).map((authorityKind) => syntheticUnit(unit.code, authorityKind as Authority)),
  );
  for (const { uscc } of [...demoOrganisations, ...units])
    expect(checkUscc(uscc)).toEqual({ status: 'VALID', uscc, warnings: [] });
  expect(new Set(units.map((unit) => unit.uscc)).size).toBe(32 * 10);
  expect(new Set(demoOrganisations.map((each) => each.uscc)).size).toBe(demoOrganisations.length);
  expect([...demoOrganisations, ...units].every((each) => each.name.includes('示例'))).toBe(true);
});

test('the regulator and the determining unit of the demo are the authorities that records name', () => {
  expect(findDemoOrganisation('sector-regulator')?.uscc).toBe(syntheticUnit('33', 'MARKET').uscc);
  expect(findDemoOrganisation('determining-unit')?.uscc).toBe(syntheticUnit('33', 'LABOUR').uscc);
  expect(findDemoOrganisation('provincial-platform', '66')?.name).toBe('新疆生产建设兵团示例公共信用信息中心');
  expect(findDemoOrganisation('bank', '66')).toBeNull();
});
