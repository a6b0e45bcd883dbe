// Han characters have neither width nor case: nearly every name is compared as it stands, without the three passes.
const PLAIN = /^[\u4e00-\u9fff]+$/;

/**
 * The form of a name for searching and comparing: half width (so that （ and ( are the same), upper case, without
 * spaces. The registered form stays in the record.
 */
export const searchable = (name: string): string =>
  PLAIN.test(name) ? name : name.normalize('NFKC').replace(/\s+/gu, '').toUpperCase();
