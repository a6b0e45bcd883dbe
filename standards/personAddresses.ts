import { lastAt, type TextSearch } from './textSearch.ts';

// Finds what looks like the home address of a person. The registered address of a company is written in the same way:
// only the words before it tell them apart, and where they do not the address is uncertain, and a person looks at it.

/** The words before an address: of a home, of wherever somebody receives post, or of either a person or a unit. */
type AnchorKind = 'HOME' | 'POST' | 'EITHER';

// Not 住院, 住宅, 住建局, 住房, 住宿, 住户, and not 入住, 记住, 抓住.
const LIVES =
  '(?<![入居记抓稳拦堵困挡停留保守止按卡压扣拿抱忍捂控围封锁盖遮绑吊夹握套接拉顶撑站])' +
  '住(?![院宅建房宿户所持了址处])';
const HOME = [
  '家庭(?:住址|地址)',
  '家住址?',
  '户籍(?:所在地|登记地|地址|地)?(?:址)?',
  '户口(?:所在地|登记地|地)?',
  '(?:经常)?居住地(?:址)?',
  '居住[于在的]',
  '居所',
  '老家在?',
  '[现暂]居住?(?:地址|地)?',
  '[现暂]住(?:地址|址|地)?',
  '住址',
  '住处',
  LIVES,
].join('|');
const POST =
  '收[货件](?:人)?地址|(?:配送|安装|维修|上门|用户|客户|报修)地[址点]|' +
  '邮寄地址|通[讯信]地址|联系地址|送达地址|寄[至往到]';
const EITHER = '住所地?|地址';
const IN_BRACKETS = '(?:\\([^()0-9]{1,8}\\))?';
const ANCHOR = new RegExp(
  `(?:(${HOME})|(${POST})|(${EITHER}))${IN_BRACKETS}[ \\t]?(?:为|是|(?:登记|位)?[于在]|系|[:：])?[ \\t(]{0,2}`,
  'g',
);
// 业主张某（云栖花苑3幢…）, 张某家中（云栖花苑3幢…）
const RESIDENT = /(?:(?:业主|住户|户主|租户)(?!委员|大会|公约)[\u4e00-\u9fff]{0,4}|[家住][中里处])\(/g;

const NUMBER = '(?:\\d{1,5}|[〇零一二三四五六七八九十百]{1,5})';
// 128号, 甲12号院, 3号楼, 第3村民小组, 12-3-101, B座, 二期; a number alone only behind another part.
const PART = new RegExp(
  `(?:第|附|甲|乙|丙)?(?:${NUMBER}(?:-${NUMBER}){1,3}(?:号|室)?|(?:${NUMBER}|[A-Za-z]\\d{0,3})` +
    '(?:号院|号楼|号|弄|幢|栋|座|单元|室|房|户|楼|层|村民小组|小组|组|社|队|屯|期|区)|' +
    `(?<bare>\\d{2,5}))`,
  'g',
);
/** How many characters an address has at most. */
const LONGEST = 70;
const RUN = /^[\u4e00-\u9fff〇0-9A-Za-z#·-]+/;
const PLACE = /[省市区县旗州盟镇乡村屯庄路街道巷弄里苑园城府邸湾寨社坊院厦]/;
// Between two parts stands nothing, or the name of a building or a quarter.
const LINK = new RegExp(
  '^(?:附|之|[\\u4e00-\\u9fff]{0,10}(?:小区|花园|花苑|苑|园|城|府|邸|湾|家园|新村|社区|公寓|大厦|广场|院|楼|区|村|里|' +
    '庄|寓|国际|中心|名都|屯|路|街|巷))?$',
);
const ENDS_SENTENCE = /[的内与和及被经从将向时因其该并自称]/;
// Names of places have more of these: 内蒙古, 自治区, 和平路, 经开区, 向阳街.
const ENDS_NAME = /[的被时因其该称]/;
const IS_QUANTITY = /^(?:元|万|亿|年|月|日|人|次|件|个|份|条|米|公|千|吨|%|号文)/;
const RESIDENTIAL = /室|单元|幢|栋|组|村|屯|\d-\d/;
const LODGING = /酒店|宾馆|旅馆|旅店|客栈|民宿|医院|派出所|看守所|监狱/;
const OF_A_UNIT = /公司|工厂|厂|学校|宿舍|工地|门店|商行|超市/;

/** Whose address it is, behind it: 示例路1号示例市财政局. */
const UNIT_BEHIND = /^[^，。；,;]{0,12}(?:公司|[局院厅]|委员会|政府|中心)/;

/** What only a person has. */
const PERSONAL = '身份证|身份号|公民身份|护照|性别|[男女][，,、；; ]|[汉回满蒙藏壮]族|出生|本人';
const PERSONAL_CUE = new RegExp(PERSONAL, 'g');
const PERSON_CUE = new RegExp(`${PERSONAL}|原告|消费者|投诉人|反映人|收[件货]人|报修人|[业机车户]主|用户|客户`, 'g');
const UNIT_CUE =
  /公司|企业|厂|商行|合作社|事务所|执照|注册|登记机关|经营|信用代码|[局院厅]|委员会|政府|学校|中心|店|商家|卖家/g;

interface Address {
  readonly end: number;
  /** Where the number of the house begins; null for a village without one. */
  readonly number: number | null;
  readonly text: string;
}

/** The address that begins at a position; null where there is none. */
function readAddress(plain: string, start: number): Address | null {
  const run = RUN.exec(plain.slice(start, start + LONGEST))?.[0] ?? '';
  let first: number | null = null;
  let end = 0;
  for (const match of run.matchAll(PART)) {
    const [part] = match;
    const until = match.index + part.length;
    const between = run.slice(end, match.index);
    const after = plain.slice(start + until, start + until + 3);
    if (first === null) {
      if (match.groups?.['bare'] !== undefined || ENDS_NAME.test(between)) break;
      // 八一路, 三河镇 and 5G have a number, and it is not the house's.
      if (between.length < 2 || !PLACE.test(between + part.replace(/[期区]$/, ''))) continue;
      first = match.index;
    } else if (ENDS_SENTENCE.test(between) || !LINK.test(between)) break;
    if (IS_QUANTITY.test(after)) break;
    end = until;
  }
  if (first !== null && end > 0) return { end: start + end, number: start + first, text: run.slice(0, end) };
  const village = /^[\u4e00-\u9fff]{3,30}[村屯寨](?=$)/.exec(run)?.[0];
  return village === undefined || ENDS_NAME.test(village)
    ? null
    : { end: start + village.length, number: null, text: village };
}

/**
 * Whether an address behind such words is a person's; null where it is nobody's home.
 * @param before the words before the anchor, of the same sentence
 */
function certaintyOf(kind: AnchorKind, anchor: string, before: string, { text, end }: Address, plain: string) {
  if (LODGING.test(text)) return null;
  const isOfUnit = OF_A_UNIT.test(text);
  if (kind === 'HOME') return !isOfUnit;
  const person = lastAt(before, PERSON_CUE);
  const unit = lastAt(before, UNIT_CUE);
  const isPersonal = lastAt(before, PERSONAL_CUE) >= 0;
  if (kind === 'EITHER') return isOfUnit || person < 0 || person < unit ? null : unit < 0 && isPersonal;
  // Goods are delivered to persons, whoever sells them.
  if (/^[收配安维上用客报]/.test(anchor)) return person > unit;
  if (isOfUnit || UNIT_BEHIND.test(plain.slice(end, end + 16))) return null;
  // 退货寄至: what a consumer sends goes to a unit as often.
  if (anchor.startsWith('寄')) return false;
  return unit > person ? null : person >= 0;
}

const BESIDE = /^[，,、；; \t]{1,2}(?:地址)?[:：]?/;

/** Whether the words before a number name a unit last, and not a person. */
function isNearUnit(search: TextSearch, position: number): boolean {
  const words = search.wordsBefore(position, 80).split('。').at(-1) ?? '';
  return lastAt(words, UNIT_CUE) > lastAt(words, PERSON_CUE);
}

/**
 * Finds home addresses behind words such as 住, 户籍地 and 收货地址, and beside a person's number. The mask of one
 * begins at the number of the house; one without a number, or of which the text does not say whose it is, is uncertain.
 */
export function findPersonAddresses(search: TextSearch): void {
  const { plain } = search;
  const claim = (start: number, address: Address, isCertain: boolean): void => {
    search.claim({
      kind: 'PERSON_ADDRESS',
      start,
      end: address.end,
      maskFrom: address.number ?? address.end,
      isCertain: isCertain && address.number !== null,
    });
  };
  for (const match of plain.matchAll(ANCHOR)) {
    const start = match.index + match[0].length;
    const address = readAddress(plain, start);
    if (address === null) continue;
    const kind = match[1] !== undefined ? 'HOME' : match[2] !== undefined ? 'POST' : 'EITHER';
    const sentence = search.wordsBefore(match.index, 80).split('。').at(-1) ?? '';
    const certainty = certaintyOf(kind, match[0], sentence, address, plain);
    if (certainty !== null) claim(start, address, certainty);
  }
  const beside = [
    ...plain.matchAll(RESIDENT).map(({ 0: words, index }) => index + words.length),
    // 张某，13800138000，云栖花苑3幢…
    ...search.spans
      .filter(({ kind }) => kind === 'TELEPHONE' || kind === 'IDENTITY_NUMBER')
      .flatMap(({ end }) => {
        const between = BESIDE.exec(plain.slice(end, end + 6))?.[0];
        return between === undefined || isNearUnit(search, end) ? [] : [end + between.length];
      }),
  ];
  for (const start of beside) {
    const address = readAddress(plain, start);
    if (address?.number && RESIDENTIAL.test(address.text) && !OF_A_UNIT.test(address.text))
      claim(start, address, false);
  }
}
