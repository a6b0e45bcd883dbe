import {
  findEvaluationScheme,
  evaluationSchemes,
  findSchemeVersion,
  findSchemeVersionOn,
} from './evaluationSchemes.ts';
import { industries, findIndustry, isInSector } from './industry.ts';
import { findListType, listTypes, listTypesOn } from './listTypes.ts';
import { penaltyCategories, penaltyCategoryList } from './penaltyCategory.ts';
import { findPurpose, purposes } from './purposes.ts';

const codes = (items: readonly { code: string }[]) => items.map((item) => item.code);

test('a code means one thing in its catalogue', () => {
  for (const items of [listTypes, evaluationSchemes, purposes, penaltyCategories, industries]) {
    expect(new Set(codes(items)).size).toBe(items.length);
  }
  const spellings = penaltyCategories.flatMap((category) => category.spellings);
  expect(new Set(spellings).size).toBe(spellings.length);
});

test('a list type has a legal basis, a source and dates', () => {
  for (const type of listTypes) {
    expect(['SERIOUS', 'FOCUS', 'ABNORMAL', 'COMMENDED']).toContain(type.category);
    expect(type.legalBasis.length).toBeGreaterThan(0);
    expect(type.source).not.toBe('');
    expect(type.effectiveFrom).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  }
  expect(findListType('ABNORMAL_OPERATION')?.category).toBe('ABNORMAL');
  expect(findListType('NO_SUCH_LIST')).toBeNull();
  expect(codes(listTypesOn('2021-12-31'))).not.toContain('WAGE_ARREARS');
  expect(codes(listTypesOn('2022-01-01'))).toContain('WAGE_ARREARS');
});

test('versions of a scheme follow each other without gap or overlap, and grades are ranked from 1', () => {
  for (const scheme of evaluationSchemes) {
    scheme.versions.forEach((version, index) => {
      expect(version.effectiveTo).toBe(scheme.versions[index + 1]?.effectiveFrom ?? null);
      expect(version.grades.map((grade) => grade.rank)).toEqual(version.grades.map((_, place) => place + 1));
    });
  }
});

test('the version of a scheme is that of the day', () => {
  const days = ['2019-08-31', '2019-09-01', '2025-06-01', '2026-04-01', '2026-04-02'];
  expect(days.map((day) => findSchemeVersionOn('PUBLIC_CREDIT', day)?.version)).toEqual([
    undefined,
    '2019',
    '2025',
    '2025',
    '2026',
  ]);
  expect(findSchemeVersion('PUBLIC_CREDIT', '2026')?.grades.map((grade) => grade.code)).toEqual(['A', 'B', 'C', 'D']);
  expect(findSchemeVersion('TAX_CREDIT', '2018')?.grades.map((grade) => grade.code)).toEqual(['A', 'B', 'M', 'C', 'D']);
  expect(findEvaluationScheme('SAMR_RISK')?.measures).toBe('RISK');
});

test('a purpose is known by its code', () => {
  expect(findPurpose('LEGAL_REVIEW')?.consent).toBe(false);
  expect(findPurpose('CREDIT_GRANTING')?.consent).toBe(true);
  expect(findPurpose('CURIOSITY')).toBeNull();
});

test('penalty categories are read in both spellings, several in a cell, and what is no category is named', () => {
  expect(penaltyCategoryList.readMany('罚款')).toEqual({ codes: ['FINE'], otherText: null, unknown: [] });
  expect(penaltyCategoryList.readMany('警告;罚款；没收违法所得;罚款')).toEqual({
    codes: ['WARNING', 'FINE', 'CONFISCATE_GAINS'],
    otherText: null,
    unknown: [],
  });
  expect(penaltyCategoryList.readMany('暂扣或者吊销许可证;其他-责令改正')).toEqual({
    codes: ['SUSPEND_OR_REVOKE_LICENCE', 'OTHER'],
    otherText: '责令改正',
    unknown: [],
  });
  expect(penaltyCategoryList.readMany('FINE;扣分')).toEqual({ codes: ['FINE'], otherText: null, unknown: ['扣分'] });
});

test('an industry is a section letter or a division; longer codes are cut to their division', () => {
  expect(industries.filter((item) => item.englishName !== null)).toHaveLength(20);
  expect(industries).toHaveLength(20 + 97);
  expect(findIndustry('C')?.name).toBe('制造业');
  expect(findIndustry('C3912')).toEqual(findIndustry('39'));
  expect(findIndustry('39')).toEqual({
    code: '39',
    name: '计算机、通信和其他电子设备制造业',
    englishName: null,
    section: 'C',
  });
  expect(findIndustry('A39')).toBeNull();
  expect(findIndustry('99')).toBeNull();
  expect(isInSector('3912', 'C')).toBe(true);
  expect(isInSector('39', '39')).toBe(true);
  expect(isInSector('39', 'D')).toBe(false);
});
