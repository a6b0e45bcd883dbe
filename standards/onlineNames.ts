import type { TextSearch } from './textSearch.ts';

// Finds e-mail addresses, and the names by which persons are known to messengers (微信号, QQ号, nicknames), which only
// the word before them tells from other words and numbers.

const LOCAL_PART = /[0-9A-Za-z._%+-]{1,64} ?$/;
const DOMAIN = /^ ?(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,62})\.){1,5}[A-Za-z]{2,24}(?![0-9A-Za-z])/;

/** Finds e-mail addresses; one space beside the @ is allowed. */
export function findEmails(search: TextSearch): void {
  const { plain } = search;
  for (let at = plain.indexOf('@'); at >= 0; at = plain.indexOf('@', at + 1)) {
    const before = LOCAL_PART.exec(plain.slice(Math.max(0, at - 66), at))?.[0].replace(/^[._%+-]+/, '') ?? '';
    const after = DOMAIN.exec(plain.slice(at + 1, at + 258))?.[0];
    if (before.trim() === '' || after === undefined) continue;
    search.claim({ kind: 'EMAIL', start: at - before.length, end: at + 1 + after.length });
  }
}

// Some are written so as not to be found: 薇信, w x, 企鹅.
const SERVICE =
  '微信|[薇威徽]信|[薇微V] ?[❤♥]\\ufe0f?|V信|加[微薇]|扣扣|企鹅|旺旺|淘宝|闲鱼|咸鱼|钉钉|陌陌|探探|飞书|纸飞机|' +
  '电报|抖音|快手|小红书|微博|支付宝|(?:加|\\+) ?V|(?<![A-Za-z])[QV](?= ?[:：])|' +
  '(?<![A-Za-z])(?:[WV] ?X|WeChat|QQ|Telegram|WhatsApp|Skype|LINE|Facebook|Instagram)(?![A-Za-z_])';
const NAMED = '(?:账号|帐号|账户|号码|用户名|ID号?|号)';
const OPEN = '[“"「『【(\\[]';
// 微信号：, 微信（, QQ为“, 加微信
const HANDLE = new RegExp(
  `(${SERVICE})\\(?(${NAMED})?\\)? ?(显示为|为|是|叫|[:：=])? ?${OPEN}? ?(@?[0-9A-Za-z][0-9A-Za-z_-]{4,39})` +
    '(?![0-9A-Za-z_@-]|\\.[0-9A-Za-z])',
  'gi',
);
const IS_QUANTITY = /^\s*(?:元|型|万|亿|%|年|月|日|人|次|条|个|件|户|笔|余|多|名)/;
const IS_WORD = /^@?(?:wechat|weixin|android|iphone|windows|harmony|google|alipay|telegram|whatsapp|messenger)$/i;

/** Whether characters behind the word for a messenger are a name there. */
function isHandle(service: string, isSaid: boolean, handle: string, after: string): boolean {
  const name = handle.replace(/^@/, '');
  if (/^\d+$/.test(name))
    return (
      name.length <= 11 &&
      !name.startsWith('0') &&
      (isSaid || (name.length > 5 && /Q|扣扣|企鹅/i.test(service))) &&
      !IS_QUANTITY.test(after)
    );
  if (/^\d/.test(name) && !isSaid) return false;
  return !IS_WORD.test(name) && (isSaid || /[\d_-]/.test(name));
}

const NICKNAME = '(?:昵称|网名|微信名称?|QQ名|备注名)';
const QUOTED = '[“"「『【]([^“”"「」『』【】\\n]{1,24})[”"」』】]';
// 昵称：“…”, 微信名为“…”, 昵称：… up to the next mark.
const NAMED_SO = new RegExp(
  `${NICKNAME}(?:(?:为|是|叫|[:：])? ?${QUOTED}|[:：] ?([^\\s，。；、,;()“”"「」]{1,16}))`,
  'g',
);
// 以“…”为微信昵称, “…”（微信昵称）
const SO_NAMED = new RegExp(`${QUOTED}(?:为|作为|的|\\()?(?:其)?(?:微信|QQ)?${NICKNAME}`, 'g');

function findNicknames(search: TextSearch): void {
  for (const match of search.plain.matchAll(NAMED_SO)) {
    const name = match[1] ?? match[2] ?? '';
    const start = match.index + match[0].lastIndexOf(name);
    search.claim({ kind: 'MESSENGER', start, end: start + name.length });
  }
  for (const { 1: name = '', index } of search.plain.matchAll(SO_NAMED))
    search.claim({ kind: 'MESSENGER', start: index + 1, end: index + 1 + name.length });
}

/** Finds names in messengers behind the word for the messenger, and nicknames in quotation marks. */
export function findMessengerNames(search: TextSearch): void {
  const { plain } = search;
  for (const match of plain.matchAll(HANDLE)) {
    const [whole, service = '', named, joined, handle = ''] = match;
    const end = match.index + whole.length;
    // Q: and V: stand before other things, too.
    const isSaid = named !== undefined || (joined !== undefined && service.length > 1);
    if (isHandle(service, isSaid, handle, plain.slice(end, end + 4)))
      search.claim({ kind: 'MESSENGER', start: end - handle.length, end });
  }
  findNicknames(search);
}
