import { composeUscc } from '#standards/uscc.ts';
import type { Reply, TestGraph } from './graph.ts';
import { type Cells, daysFromNow, lines } from './registered.ts';

// List entries for tests of changes: dull, serious and published in Zhejiang, but for what the test says.

export const AUTHORITY = composeUscc('11330000', 'MB1EEE01');
/** Those of codes: without I, O, S, V, Z. */
const CHARACTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY';
let made = 0;

/** A code of an entity that nobody else uses. */
export const newEntity = (division = '330106'): string =>
  composeUscc(
    `91${division}`,
    `MA${(made += 1)
      .toString(31)
      .replaceAll(/./g, (digit) => CHARACTERS[Number.parseInt(digit, 31)] ?? '')
      .padStart(6, '0')}`,
  );

export interface Listing {
  readonly uscc: string;
  readonly documentNo?: string;
  readonly listType?: string;
  readonly listedOn?: string;
  /** PUBLIC, GOV_SHARED …, by the form's own words. */
  readonly level?: '社会公开' | '政务共享' | '授权查询' | '内部';
  readonly grounds?: string;
  readonly removedOn?: string;
  /** By the form's own words, such as 信用修复. */
  readonly removalReason?: string;
  readonly industryCode?: string;
  readonly publicUntil?: string;
}

export const rowOf = ({
  uscc,
  documentNo = '示监〔2026〕1号',
  listType = 'SAMR_SERIOUS',
  listedOn = daysFromNow(-30),
  level,
  grounds = '示例事由',
  removedOn,
  removalReason,
  industryCode = 'C2710',
  publicUntil,
}: Listing): Cells => ({
  MD_XDR_MC: '示例主体',
  MD_XDR_SHXYM: uscc,
  MD_LX: listType,
  MD_WSH: documentNo,
  MD_LRRQ: listedOn.replaceAll('-', '/'),
  MD_LRSY: grounds,
  MD_FLYJ: '示例依据',
  MD_RDJG: '示例认定机关',
  MD_RDJGDM: AUTHORITY,
  MD_LYDW: '示例认定机关',
  MD_LYDWDM: AUTHORITY,
  MD_XDR_HYDM: industryCode,
  ...(level === undefined ? null : { MD_SYFW: level }),
  ...(removedOn === undefined ? null : { MD_YCRQ: removedOn.replaceAll('-', '/') }),
  ...(removalReason === undefined ? null : { MD_YCYY: removalReason }),
  ...(publicUntil === undefined ? null : { MD_GSJZQ: publicUntil.replaceAll('-', '/') }),
});

/** Files entries through the public API. */
export async function list(graph: TestGraph, ...listings: readonly Listing[]): Promise<void> {
  const { rejected, rejectedRows } = await graph.file('name-list', lines(listings.map(rowOf)), { format: 'NDJSON' });
  if (rejected !== 0) throw new Error(JSON.stringify(rejectedRows));
}

/** Resolves when everything that was committed has its number. */
export async function numbered(graph: TestGraph): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const [row] = await graph.sql('select count(*)::int as waiting from feed.outbox');
    if (row?.['waiting'] === 0) return;
    if (performance.now() > deadline) throw new Error(`${String(row?.['waiting'])} changes have no number`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface PageOfChanges {
  readonly events: readonly Record<string, unknown>[];
  readonly endCursor: string;
  readonly hasMore: boolean;
}

export const pageOf = ({ body, text }: Reply): PageOfChanges => {
  const page = body.data?.['nameListChanges'] ?? body.data?.['evaluationChanges'];
  if (!page || body.errors) throw new Error(text);
  return page as PageOfChanges;
};
