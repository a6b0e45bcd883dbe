import { styleText } from 'node:util';
import { claimsFor, demoGrants, demoRoles, publicQuery } from './demoRoles.ts';
import type { Issuer } from './issuer.ts';

export interface RoleToken {
  readonly role: string;
  /** Null for the public, which sends no token. */
  readonly token: string | null;
}

/** A token for each role, the public first. */
export const roleTokens = (issuer: Issuer): RoleToken[] => [
  { role: 'PUBLIC', token: null },
  ...demoRoles.map(({ role }) => ({ role, token: issuer.sign(claimsFor({ role })) })),
];

/** A shell command that sends the query and works as printed. */
export function curl(url: string, token: string | null, query: string): string {
  const authorization = token === null ? '' : ` -H 'authorization: Bearer ${token}'`;
  return `curl -s ${url}/graphql -H 'content-type: application/json' -d '${JSON.stringify({ query })}'${authorization}`;
}

const bold = (text: string): string => styleText('bold', text, { stream: process.stdout });
const dim = (text: string): string => styleText('dim', text, { stream: process.stdout });

/**
 * The text that `start` prints when the gateway answers: its address, and for each role a query that works as printed.
 */
export function welcome(options: { url: string; data: readonly string[]; tokens: readonly RoleToken[] }): string {
  const { url, tokens } = options;
  const lines = [
    bold('Credit Graph is running'),
    '',
    `  graph     ${url}/graphql`,
    `  explorer  ${url}/explorer`,
    ...options.data.map((line, index) => `  ${(index === 0 ? 'data' : '').padEnd(8)}  ${line.trim()}`),
    '  stop      Ctrl-C',
    '',
  ];
  if (tokens.length > 0)
    lines.push(
      dim('A query for each role. Its token lives for an hour; `npx credit-graph token --role ROLE` prints a new one.'),
    );
  for (const { role, token } of tokens) {
    const entry = demoRoles.find((each) => each.role === role);
    const grant = demoGrants.find((each) => each.role === role);
    const scope = [
      grant?.province && `province ${grant.province}`,
      grant?.sector && `sector ${grant.sector}`,
      entry?.purpose && `for ${entry.purpose}`,
    ]
      .filter(Boolean)
      .join(', ');
    const who = grant
      ? `${grant.organisation.uscc} ${grant.organisation.name}${scope === '' ? '' : `, ${scope}`}`
      : 'anybody, without a token';
    lines.push('', `${bold(role.padEnd(22))} ${dim(who)}`, curl(url, token, entry?.query ?? publicQuery));
  }
  return `${lines.join('\n')}\n`;
}
