import { isTitleOnly, normaliseDocumentNumber } from './documentNumber.ts';

test.each(['登字', '公司备案', '准予变更登记通知书', '一般程序决定书', '登字〔〕号', 'DENGZI'])(
  '%s is only a title',
  (text) => {
    expect(isTitleOnly(normaliseDocumentNumber(text))).toBe(true);
  },
);

test.each(['登字1号', '浙市监罚【2026】１２号', '示字第三号', '示罚〔二〇二六〕十二号', '登字①'])(
  '%s has a number',
  (text) => {
    expect(isTitleOnly(normaliseDocumentNumber(text))).toBe(false);
  },
);
