import { lastAt, type TextSearch } from './textSearch.ts';

// Finds the numbers of bank cards and of accounts of persons. A card is known by its digits (an issuer's first digits,
// its length, the check digit of ISO/IEC 7812-1); any other number of 13 to 19 digits is one only behind words that say
// so. Accounts of units, to which fines are paid and which decisions name in full, have to survive.

const MIN_DIGITS = 13;
const MAX_DIGITS = 19;

// 62: UnionPay. 4 and 5: Visa and Mastercard. 9558: older cards of one bank.
const ISSUED = /^(?:62\d{14,17}|4\d{15}|5[1-5]\d{14}|9558\d{15})$/;
/** How cards are written: at once, in fours, or the issuer's six digits apart. */
const CARD_GROUPS = /^(?:\d+|\d{4}(?: \d{4}){2,3} \d{1,4}|\d{6} \d{10,13})$/;

const GAP = '[^0-9，。；、\\n]{0,12}$';
const OF_A_CARD = new RegExp(
  `(?:银行卡|储蓄卡|借记卡|信用卡|贷记卡|工资卡|个人卡|卡号|存折|存单|私户|个人(?:银行|结算)?账[户号])${GAP}`,
);
const OF_AN_ACCOUNT = new RegExp(`(?:账号|帐号|账户|帐户)${GAP}`);
const OF_ANOTHER_CARD = new RegExp(
  '(?:会员|预付|购物|加油|充值|储值|医保|社保|公交|校园|消费|健身|美容|礼品|提货|电话|手机|SIM)' +
    '卡(?:卡号|号码?)?[为是:： (]{0,3}$',
);
const OF_ANOTHER_NUMBER = new RegExp(
  '(?:订单|运单|快递|单号|编号|编码|流水|条形?码|批号|批次|许可|执照|注册|登记|证书|证号|文号|案号|追溯|监管码|' +
    `交易号|商户|终端|设备|凭证|发票|票号|合同|工单|会员|串号|序列号|IMEI|ICCID|ISBN|SN)${GAP}`,
  'i',
);
const UNIT_WORDS = new RegExp(
  '对公|公户|基本(?:存款)?[账帐]?户|一般(?:存款)?[账帐]?户|专户|专用|国库|财政|非税|代收|罚没|缴款|保证金|' +
    '(?:公司|单位|企业)账户',
  'g',
);
const PERSON_WORDS = /个人|私人|私户|本人|名下|储户|自然人|员工|银行卡|储蓄卡|借记卡|信用卡|存折|转到|转入其/g;
/** Of an account that no word and no digit calls a card, the name of a unit before it is enough. */
const UNIT_NAMES = /公司|厂|合作社|事务所|[局院]/g;
const PARTIES = /被执行人|申请人|原告|被告|借款人/g;
const UNIT_AFTER = /^[^，。；0-9]{0,8}(?:对公|公户|基本户|一般户)|^[^，。；0-9]{0,2}\((?:公司|单位|对公)/;
const HOLDER = /(?:户名|开户人|收款人|持卡人)(?:为|是|[:：])?\s?[“"]?([^，。；,;：:\s)）”"]{1,30})/g;
const IS_UNIT = /公司|财政|国库|中心|法院|局|厂|合作社|委员会|协会|学校|医院|专户|事务所|[店部院所会]$/;
/** A mobile number beside another number, or behind the code of the country. */
const HAS_MOBILE = /(?:^|\s)(?:(?:00)?86)?1[3-9]\d{9}(?:\s|$)/;
const IS_AMOUNT = /^\s*(?:元|万|亿|%|吨|公斤|千克)/;

/** The check digit of ISO/IEC 7812-1. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = digits.length - 1, isDoubled = false; index >= 0; index--, isDoubled = !isDoubled) {
    const digit = (digits.charCodeAt(index) - 48) * (isDoubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

interface Candidate {
  readonly start: number;
  readonly end: number;
  readonly digits: string;
  /** The groups with one space between them. */
  readonly groups: string;
}

const BETWEEN = /^(?:[ -]|[ \t]{0,2}\r?\n[ \t]{0,4})$/;

/** Every way to end a number of 13 to 19 digits that begins with a group, the longest first. */
function candidatesFrom(plain: string, groups: readonly RegExpExecArray[], first: number): Candidate[] {
  const found: Candidate[] = [];
  const start = groups[first]?.index ?? 0;
  let digits = '';
  let written = '';
  let end = start;
  for (let index = first; index < groups.length; index++) {
    const group = groups[index];
    if (group === undefined || digits.length + group[0].length > MAX_DIGITS) break;
    if (index > first) {
      if (group.index - end > 7 || !BETWEEN.test(plain.slice(end, group.index))) break;
      written += ' ';
    }
    digits += group[0];
    written += group[0];
    end = group.index + group[0].length;
    if (digits.length >= MIN_DIGITS) found.unshift({ start, end, digits, groups: written });
  }
  return found;
}

/** The name beside the account: the last one before it, or else the first one after. */
function holderOf(before: string, after: string): string | null {
  let holder: string | null = null;
  for (const [, name] of before.matchAll(HOLDER)) holder = name ?? null;
  if (holder !== null) return holder;
  for (const [, name] of after.matchAll(HOLDER)) return name ?? null;
  return null;
}

/**
 * Whether the words around an account say whose it is: PERSON, UNIT, or null where they do not.
 * @param isKnown the number is known to be a card
 */
function holderKind(before: string, after: string, isKnown: boolean): 'PERSON' | 'UNIT' | null {
  if (UNIT_AFTER.test(after)) return 'UNIT';
  const holder = holderOf(before, after);
  if (holder !== null && IS_UNIT.test(holder)) return 'UNIT';
  const unit = Math.max(lastAt(before, UNIT_WORDS), isKnown ? -1 : lastAt(before, UNIT_NAMES));
  const person = Math.max(lastAt(before, PERSON_WORDS), isKnown ? -1 : lastAt(before, PARTIES));
  if (unit > person) return 'UNIT';
  return person >= 0 || holder !== null || /^[^。]{0,12}个人/.test(after) ? 'PERSON' : null;
}

/** What the words before a number call it: a card, an account, or a number of another kind. */
interface NumberContext {
  readonly text: string;
  readonly isOther: boolean;
  readonly isSaid: boolean;
  readonly isAccount: boolean;
}

/** The words before a number; null where they call it a card that is not a bank's. */
function readContext(search: TextSearch, start: number): NumberContext | null {
  const text =
    search
      .wordsBefore(start, 64)
      .split(/[。\n]/)
      .at(-1) ?? '';
  if (OF_ANOTHER_CARD.test(text)) return null;
  const isSaid = OF_A_CARD.test(text);
  return { text, isSaid, isAccount: OF_AN_ACCOUNT.test(text), isOther: !isSaid && OF_ANOTHER_NUMBER.test(text) };
}

function isCard({ digits, groups, end }: Candidate, context: NumberContext, plain: string): boolean {
  const isIssued = ISSUED.test(digits) && CARD_GROUPS.test(groups) && passesLuhn(digits);
  if (HAS_MOBILE.test(groups) || context.isOther || !(isIssued || context.isSaid || context.isAccount)) return false;
  const after = plain.slice(end, end + 40);
  if (IS_AMOUNT.test(after)) return false;
  const isKnown = isIssued || context.isSaid;
  const holder = holderKind(context.text, after, isKnown);
  return isKnown ? holder !== 'UNIT' : holder === 'PERSON';
}

/** Finds the numbers of bank cards, and of accounts and savings books that the text says are a person's. */
export function findBankCards(search: TextSearch): void {
  const { plain } = search;
  const groups = [...plain.matchAll(/\d+/g)];
  let until = 0;
  let previous = 0;
  for (const [first, { 0: group, index }] of groups.entries()) {
    const between = plain.slice(Math.max(previous, index - 10), index);
    previous = index + group.length;
    if (index < until || /[A-Za-z+]$|\d\.$/.test(plain.slice(Math.max(0, index - 2), index))) continue;
    // Words cannot call it anything where digits stand directly before it, and then only an issued card is one.
    if (first > 0 && !/^[4569]/.test(group) && BETWEEN.test(between)) continue;
    const candidates = candidatesFrom(plain, groups, first).filter(
      ({ end }) => !/^[0-9A-Za-z]|^\.\d/.test(plain.slice(end, end + 2)),
    );
    const context = candidates.length === 0 ? null : readContext(search, index);
    const found = context && candidates.find((candidate) => isCard(candidate, context, plain));
    if (!found) continue;
    search.claim({ kind: 'BANK_CARD', start: found.start, end: found.end });
    until = found.end;
  }
}
