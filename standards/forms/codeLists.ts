import { createCodeList } from '#standards/codeList.ts';
import { evaluationSchemes } from '#standards/evaluationSchemes.ts';
import { listTypes } from '#standards/listTypes.ts';

/**
 * 行政相对人类别. A row of the last category is refused, and nothing of it is kept. All spellings but the first of each are
 * unverified.
 */
export const subjectCategories = createCodeList([
  {
    code: 'ORGANISATION',
    name: '法人及非法人组织',
    spellings: ['法人', '非法人组织', '法人和非法人组织', '法人或非法人组织', '企业'],
  },
  { code: 'SELF_EMPLOYED', name: '个体工商户', spellings: ['个体'] },
  { code: 'NATURAL_PERSON', name: '自然人', spellings: ['个人', '公民'] },
]);

/** 许可类别. 普通 and 登记 were seen in files, the others are unverified. */
export const licenceCategories = createCodeList(
  [
    { code: 'ORDINARY', name: '普通', spellings: ['普通许可'] },
    { code: 'FRANCHISE', name: '特许' },
    { code: 'RECOGNITION', name: '认可' },
    { code: 'APPROVAL', name: '核准' },
    { code: 'REGISTRATION', name: '登记' },
    { code: 'OTHER', name: '其他' },
  ],
  'OTHER',
);

/**
 * 当前状态 of a licence. 1 was seen in files. The 2016 edition had 0 正常, 1 撤销, 2 异议, 3 其他 (unverified). Its words are read.
 * Its 0 and 3 are reported, since files that use them also mean other things by 1 and 2.
 */
export const licenceStatuses = createCodeList([
  { code: 'VALID', name: '有效', spellings: ['1', '正常'] },
  { code: 'INVALID', name: '无效', spellings: ['2', '撤销'] },
]);

/**
 * 信息使用范围. 0, 1 and 2 are the digits of the 2016 edition as we know them (unverified). Any other value refuses the row:
 * an unknown wish for less publicity must not be read as none.
 */
export const disclosureLevels = createCodeList([
  { code: 'PUBLIC', name: '社会公开', spellings: ['公开', '公示', '0'] },
  { code: 'GOV_SHARED', name: '政务共享', spellings: ['政府部门内部共享', '仅政府部门内部共享', '1'] },
  { code: 'RESTRICTED', name: '授权查询', spellings: ['仅可授权查询', '依授权查询', '2'] },
  { code: 'INTERNAL', name: '内部', spellings: ['不公开'] },
]);

/** 处罚程序 (中华人民共和国行政处罚法 第五章). The spellings are unverified. */
export const penaltyProcedures = createCodeList([
  { code: 'SIMPLE', name: '简易程序', spellings: ['简易', '当场处罚'] },
  { code: 'ORDINARY', name: '普通程序', spellings: ['一般程序', '普通', '一般'] },
]);

/** 承诺类型. */
export const commitmentKinds = createCodeList([
  { code: 'VOLUNTARY', name: '主动型' },
  { code: 'APPROVAL_SUBSTITUTE', name: '审批替代型' },
  { code: 'DEFERRED_MATERIAL', name: '容缺受理型' },
  { code: 'REPAIR', name: '信用修复型' },
  { code: 'INDUSTRY', name: '行业自律型' },
]);

/** 承诺履约状态. */
export const commitmentStatuses = createCodeList([
  { code: 'PENDING', name: '履行中', spellings: ['未到期'] },
  { code: 'FULFILLED', name: '全部履行', spellings: ['已履行'] },
  { code: 'PARTLY', name: '部分履行' },
  { code: 'BREACHED', name: '未履行' },
]);

/** 主体类型. */
export const entityKinds = createCodeList([
  { code: 'ENTERPRISE', name: '企业' },
  { code: 'SELF_EMPLOYED', name: '个体工商户' },
  { code: 'COOPERATIVE', name: '农民专业合作社' },
  {
    code: 'SOCIAL_ORGANISATION',
    name: '社会组织',
    spellings: ['社会团体', '民办非企业单位', '基金会', '社会服务机构'],
  },
  { code: 'INSTITUTION', name: '事业单位' },
  { code: 'STATE_ORGAN', name: '机关' },
  { code: 'OTHER', name: '其他组织' },
]);

/** 登记状态. */
export const entityStatuses = createCodeList([
  {
    code: 'ACTIVE',
    name: '存续',
    spellings: ['在业', '开业', '在营', '在营（开业）企业', '正常', '存续（在营、开业、在册）'],
  },
  { code: 'SUSPENDED', name: '歇业' },
  { code: 'REVOKED', name: '吊销', spellings: ['吊销，未注销', '吊销未注销'] },
  { code: 'DEREGISTERED', name: '注销' },
  { code: 'MOVED_OUT', name: '迁出' },
  { code: 'ANNULLED', name: '撤销', spellings: ['撤销登记'] },
]);

/** 名单类型: data/listTypes.json. */
export const listTypeCodes = createCodeList(listTypes);

/** 移出原因 of a list entry. */
export const removalReasons = createCodeList([
  { code: 'REPAIRED', name: '信用修复' },
  { code: 'EXPIRED', name: '期限届满', spellings: ['到期'] },
  { code: 'CORRECTED', name: '已改正' },
  { code: 'REVOKED', name: '认定撤销', spellings: ['撤销认定'] },
]);

/** 履行情况 of a judgment defaulter. */
export const performanceStates = createCodeList([
  { code: 'NONE', name: '全部未履行' },
  { code: 'PART', name: '部分履行', spellings: ['部分未履行'] },
  { code: 'ALL', name: '全部已履行' },
]);

/** 司法信息类型. Spellings are unverified. */
export const judicialRecordKinds = createCodeList([
  { code: 'JUDGMENT', name: '司法判决', spellings: ['判决', '裁判'] },
  { code: 'ENFORCEMENT', name: '司法执行', spellings: ['执行'] },
  { code: 'BANKRUPTCY', name: '破产', spellings: ['破产重整', '破产清算'] },
  { code: 'OTHER', name: '其他' },
]);

/** 评价方案: data/evaluationSchemes.json. */
export const schemeCodes = createCodeList(evaluationSchemes);

/** 更新原因 of an evaluation. */
export const evaluationCauses = createCodeList([
  { code: 'PERIODIC', name: '定期评价' },
  { code: 'REPAIR', name: '信用修复' },
  { code: 'OBJECTION', name: '异议处理' },
  { code: 'CORRECTION', name: '更正' },
]);
