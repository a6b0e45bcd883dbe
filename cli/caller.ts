import { checkTakenCode } from '#standards/issuedCodes.ts';
import { claimsFor } from './demoRoles.ts';
import { usage } from './failure.ts';
import { type Issuer, MAX_TTL_SECONDS, openIssuer, type TokenClaims } from './issuer.ts';
import type { Settings } from './settings.ts';

/** Returns the token to call with, or null for the public. It is called before each call. */
export type TokenSource = () => string | null;

export interface CallerOptions {
  readonly token?: string | undefined;
  readonly role?: string | undefined;
  /** The natural person who acts, in a token that is made for the role. */
  readonly actor?: string | undefined;
}

const RENEW_BEFORE_SECONDS = 600;

/** Tokens of the development issuer, renewed before they expire: a long load outlives any token. */
export function renewedTokens(issuer: Issuer, claims: TokenClaims, now: () => number = Date.now): TokenSource {
  let token = '';
  let renewAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() >= renewAt) {
      token = issuer.sign(claims);
      renewAt = now() + (MAX_TTL_SECONDS - RENEW_BEFORE_SECONDS) * 1000;
    }
    return token;
  };
}

/**
 * Chooses the token of a command: `--token`, else `--role`, else CREDIT_GRAPH_TOKEN, else the command's own role, else
 * the public.
 */
export async function chooseCaller(
  settings: Settings,
  { token, role, actor }: CallerOptions,
  ownRole?: string,
): Promise<TokenSource> {
  if (actor !== undefined && role === undefined) throw usage('--actor goes with --role: a token says itself who acts.');
  if (token !== undefined && role !== undefined)
    throw usage('Give --token or --role, not both: a token has its role in it.');
  if (token !== undefined) return () => token;
  if (role === undefined && settings.token !== null) return () => settings.token;
  const acted = role ?? ownRole;
  if (acted === undefined || (role === undefined && settings.production)) return () => null;
  const claims = claimsFor({ role: acted, actor });
  return renewedTokens(await openIssuer(settings), claims);
}

/**
 * A code given on the command line, normalised. The gateway says whether its check character holds: it has the list of
 * issued codes.
 */
export function readUscc(text: string): string {
  const check = checkTakenCode(text);
  if (check.status === 'VALID') return check.uscc;
  const reason = check.status === 'INVALID' ? `: ${check.message}` : '.';
  throw usage(`"${text.slice(0, 40)}" is not a Unified Social Credit Code${reason}`);
}

/** '1h', '15m', '90s' or '90' as seconds. */
export function readTtl(text: string): number {
  const match = /^(\d{1,6})(h|m|s|)$/.exec(text);
  if (!match) throw usage(`"${text.slice(0, 40)}" is not a length of time.`, 'Write 1h, 15m or 90s.');
  return Number(match[1]) * { h: 3600, m: 60, s: 1, '': 1 }[match[2] as 'h' | 'm' | 's' | ''];
}

export const readList = (text: string): string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
