import {
  districtLevelAddress,
  divisionFullName,
  divisionName,
  isKnownDivision,
  provinceOf,
  provinces,
  reportingUnitOf,
  reportingUnits,
} from './divisions.ts';

test('there are 34 provinces, and 32 units that report: the Corps beside the 31 provinces', () => {
  expect(provinces).toHaveLength(34);
  expect(provinces.every((province) => province.name.startsWith(province.shortName))).toBe(true);
  expect(reportingUnits.map((unit) => unit.code).join()).toBe(
    '11,12,13,14,15,21,22,23,31,32,33,34,35,36,37,41,42,43,44,45,46,50,51,52,53,54,61,62,63,64,65,66',
  );
  expect(reportingUnitOf('659001')).toBe('66');
  expect(reportingUnitOf('650100')).toBe('65');
});

test('the Corps is a reporting unit and not a division', () => {
  expect(provinceOf('659001')).toBe('65');
  expect(provinceOf('660000')).toBeNull();
  expect(isKnownDivision('660000')).toBe(false);
});

test('a division has a name on its level and a full name', () => {
  expect(divisionName('330106')).toBe('西湖区');
  expect(divisionFullName('330106')).toBe('浙江省杭州市西湖区');
  expect(divisionFullName('110105')).toBe('北京市朝阳区');
  expect(divisionFullName('500100')).toBe('重庆市');
  expect(divisionFullName('659001')).toBe('新疆维吾尔自治区石河子市');
  expect(divisionFullName('441900')).toBe('广东省东莞市');
  expect(divisionFullName('100000')).toBe('中华人民共和国');
  expect(divisionName('999999')).toBeNull();
  expect(provinceOf('100000')).toBeNull();
});

test('an address is never shown below district level', () => {
  expect(districtLevelAddress('文三路1号', '330106')).toBe('浙江省杭州市西湖区');
  expect(districtLevelAddress('浙江省杭州市西湖区文三路1号2室', null)).toBe('浙江省杭州市西湖区');
  expect(districtLevelAddress('上海市浦东新区世纪大道1号阳光小区', '100000')).toBe('上海市浦东新区');
  expect(districtLevelAddress('上海市世纪大道1号阳光小区', null)).toBe('上海市');
  expect(districtLevelAddress('文三路1号', null)).toBeNull();
  expect(districtLevelAddress(null, null)).toBeNull();
});
