import type { Authority } from '#standards/demoOrganisations.ts';
import type { OtherActKind } from '#standards/forms/form.ts';

// Syllables of made-up names. Every name of the data set also contains 示例 ("example").
export const FIRST = (
  '云帆 晨曦 青禾 明镜 远山 金穗 瑞安 和风 长河 星野 新雨 广源 嘉木 同舟 鸿雁 百川 清泉 碧海 丹枫 玉兰 ' +
  '紫荆 天工 启明 安澜 博雅 鼎新 德润 方圆 丰年 固本 恒信 华章 吉庆 九州 凯风 朗月 乐水 鹿鸣 茂林 南山'
).split(' ');

export const SECOND = (
  '甲辰 乙巳 丙午 丁未 戊申 己酉 庚戌 辛亥 壬子 癸丑 甲寅 乙卯 丙辰 丁巳 戊午 己未 庚申 辛酉 壬戌 癸亥 ' +
  '东升 西成 南辉 北辰 中和 上善 下泽 左岸 右川 前程 后稷 内秀 外达 春生 夏长 秋收 冬藏 朝阳 暮云 子夜'
).split(' ');

/** An industry (GB/T 4754 division) with the word for it in a name. */
export const TRADES = [
  ['01', '农业'],
  ['13', '食品'],
  ['17', '纺织'],
  ['26', '化工'],
  ['34', '机械'],
  ['38', '电气'],
  ['39', '电子'],
  ['47', '建筑'],
  ['51', '批发'],
  ['52', '零售'],
  ['54', '运输'],
  ['62', '餐饮'],
  ['64', '网络'],
  ['65', '软件'],
  ['70', '置业'],
  ['72', '商务'],
  ['74', '检测'],
  ['77', '环保'],
  ['83', '教育'],
  ['84', '医疗'],
] as const;

export const SURNAMES = '赵 钱 孙 李 周 吴 郑 王 冯 陈 褚 卫 蒋 沈 韩 杨 朱 秦 尤 许 欧阳 司马'.split(' ');
export const GIVEN =
  '例一 例二 例三 例四 例五 例甲 例乙 例丙 例丁 样明 样华 样安 样和 样平 拟文 拟武 拟德 拟才 拟仁 拟义'.split(' ');

export const VIOLATIONS = [
  ['超范围经营', '超出登记的经营范围从事经营活动', '市场主体登记管理条例'],
  ['虚假宣传', '在商品页面作引人误解的商业宣传', '反不正当竞争法第二十条'],
  ['价格违法', '未按规定明码标价', '价格法第四十二条'],
  ['产品质量不合格', '销售的产品经抽样检验不合格', '产品质量法第四十九条'],
  ['食品安全违法', '经营标签不符合规定的预包装食品', '食品安全法第一百二十五条'],
  ['安全生产违法', '未对从业人员进行安全生产教育和培训', '安全生产法第九十七条'],
  ['欠缴税款', '未按规定期限办理纳税申报', '税收征收管理法第六十二条'],
  ['超限运输', '车辆载物超过核定的载质量', '公路法第七十六条'],
] as const;

export const LICENCES = [
  ['食品经营许可证', '食品经营许可：预包装食品销售、散装食品销售', '普通', 'MARKET'],
  ['营业执照', '公司变更登记：经营范围变更', '登记', 'MARKET'],
  ['建筑业企业资质证书', '建筑业企业资质核准', '核准', 'HOUSING'],
  ['道路运输经营许可证', '道路普通货物运输', '普通', 'TRANSPORT'],
  ['危险化学品经营许可证', '危险化学品经营', '特许', 'SAFETY'],
  ['人力资源服务许可证', '人力资源服务：职业中介活动', '普通', 'LABOUR'],
  ['检验检测机构资质认定证书', '检验检测机构资质认定', '认可', 'MARKET'],
  ['增值税专用发票最高开票限额准予', '增值税专用发票最高开票限额审批', '其他-限额审批', 'TAX'],
] as const;

export interface OtherActWords {
  readonly kind: OtherActKind;
  /** By the form's columns. */
  readonly prefix: string;
  readonly word: string;
  readonly content: string;
  readonly basis: string;
  readonly authorityKind: Authority;
  readonly matter?: string;
  readonly method?: string;
  readonly result?: string;
  readonly hasAmount?: true;
  /** The number of months that it is valid from the day of the decision. */
  readonly months?: number;
}

export const OTHER_ACTS: readonly OtherActWords[] = [
  {
    kind: 'inspection',
    prefix: 'JC',
    word: '行政监督检查',
    matter: '双随机抽查',
    content: '年度报告公示信息检查',
    method: '书面检查',
    result: '未发现问题',
    basis: '企业信息公示暂行条例第十四条',
    authorityKind: 'MARKET',
  },
  {
    kind: 'inspection',
    prefix: 'JC',
    word: '行政监督检查',
    matter: '安全生产检查',
    content: '生产经营场所安全检查',
    method: '现场检查',
    result: '发现问题已责令改正',
    basis: '安全生产法第六十五条',
    authorityKind: 'SAFETY',
  },
  {
    kind: 'confirmation',
    prefix: 'QR',
    word: '行政确认',
    matter: '高新技术企业认定',
    content: '确认为高新技术企业',
    result: '确认',
    basis: '高新技术企业认定管理办法第十二条',
    authorityKind: 'TAX',
    months: 36,
  },
  {
    kind: 'compulsion',
    prefix: 'QZ',
    word: '行政强制',
    content: '查封涉案物品',
    method: '查封',
    result: '已解除',
    basis: '行政强制法第二十二条',
    authorityKind: 'MARKET',
    months: 1,
  },
  {
    kind: 'levy',
    prefix: 'ZS',
    word: '行政征收',
    matter: '城镇垃圾处理费征收',
    content: '征收年度费用',
    result: '已缴纳',
    hasAmount: true,
    basis: '城市生活垃圾管理办法第四条',
    authorityKind: 'HOUSING',
  },
  {
    kind: 'payment',
    prefix: 'JF',
    word: '行政给付',
    matter: '稳岗返还',
    content: '发放稳岗返还资金',
    result: '已发放',
    hasAmount: true,
    basis: '失业保险条例第十条',
    authorityKind: 'LABOUR',
  },
  {
    kind: 'adjudication',
    prefix: 'CJ',
    word: '行政裁决',
    matter: '政府采购投诉裁决',
    content: '驳回投诉',
    result: '驳回',
    basis: '政府采购法第五十六条',
    authorityKind: 'MARKET',
  },
  {
    kind: 'compensation',
    prefix: 'BC',
    word: '行政补偿',
    matter: '土地征收补偿',
    content: '支付补偿款',
    result: '已支付',
    hasAmount: true,
    basis: '土地管理法第四十八条',
    authorityKind: 'HOUSING',
  },
  {
    kind: 'reward',
    prefix: 'JL',
    word: '行政奖励',
    matter: '质量奖',
    content: '授予质量奖',
    method: '通报表彰',
    hasAmount: true,
    basis: '产品质量法第六条',
    authorityKind: 'MARKET',
  },
];

/** Decisions and enforcement of courts: [kind, word of the case number, cause, result, weight]. */
export const CASES = [
  ['司法判决', '民初', '买卖合同纠纷', '判决支付货款及逾期利息', 30],
  ['司法判决', '民初', '建设工程施工合同纠纷', '判决支付工程款', 15],
  ['司法判决', '民初', '劳动争议', '判决支付劳动报酬', 15],
  ['司法执行', '执', '买卖合同纠纷', '强制执行货款及逾期利息', 25],
  ['司法执行', '执', '劳动争议', '强制执行劳动报酬', 10],
  ['破产', '破申', '申请破产清算', '裁定受理破产清算申请', 2],
  ['其他', '财保', '诉前财产保全', '裁定准予财产保全', 3],
] as const;

/** Complaints of consumers: [matter, handling, result]. */
export const COMPLAINTS = [
  ['商品与说明不符', '调解', '退货退款'],
  ['商品质量问题', '调解', '换货'],
  ['预付费余额未退', '调解', '退还余额'],
  ['售后服务不到位', '和解', '重新提供服务'],
  ['价格与标示不符', '调解', '退还差价'],
  ['商品质量问题', '终止调解', '双方未达成一致，已告知其他解决途径'],
] as const;

export const COMMITMENTS = [
  ['主动型', '诚信经营承诺'],
  ['审批替代型', '告知承诺制办理证明事项'],
  ['容缺受理型', '容缺受理补交材料承诺'],
  ['信用修复型', '信用修复承诺'],
  ['行业自律型', '行业自律公约承诺'],
] as const;
