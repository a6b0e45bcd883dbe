// These authorities publish under 国家市场监督管理总局 and the offices that it replaced; files use the short forms. No code list
// names them, so they are recognised by name (unverified).
const MARKET = /市场监督管理|市场监管|市监局|市监分局|工商行政管理/;

/**
 * Whether an authority is one of market supervision (市场监管部门), whose penalties have rules of their own: kind
 * MARKET_REPAIR.
 */
export const isMarketAuthority = (name: string | null): boolean => name !== null && MARKET.test(name);
