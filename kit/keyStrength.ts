import type { Key, KeyRing } from './keys.ts';

// The keys that production does not start with: keys that somebody could guess, or that have two uses. The numbers here
// do not prove randomness. Each names a mistake that people make, and that 32 bytes of a random generator do not make
// once in the life of a country.

/** Of 32 random bytes about 30 are different; fewer than 20 occur once in 10^9. */
const MIN_DISTINCT = 20;
/**
 * Printable characters alone: a word or hexadecimal text was encoded instead of bytes. 32 random bytes are so once in
 * 10^13.
 */
const isText = (secret: Buffer): boolean => secret.every((byte) => byte >= 0x20 && byte < 0x7f);
/** The same bytes repeated, or bytes at a constant distance. */
const isPattern = (secret: Buffer): boolean => {
  for (let period = 1; period <= secret.length / 2; period += 1)
    if (secret.every((byte, at) => at < period || byte === secret[at - period])) return true;
  const step = (at: number): number => ((secret[at] ?? 0) - (secret[at - 1] ?? 0)) & 0xff;
  return secret.every((_, at) => at < 2 || step(at) === step(1));
};

const textOf = (secret: Buffer): string => secret.toString('base64');

/** Why the key is not fit for production; null when nothing speaks against it. */
function weakness({ id, secret }: Key, development: ReadonlySet<string>): string | null {
  if (secret.every((byte) => byte === 0)) return 'is all zeros';
  if (isPattern(secret)) return 'is a pattern that repeats';
  if (isText(secret)) return 'is text, not random bytes';
  if (new Set(secret).size < MIN_DISTINCT) return 'has too few different bytes';
  return id === 'dev' || development.has(textOf(secret)) ? 'is a key of development' : null;
}

/**
 * What is wrong with the keys of a production deployment, one sentence each. The sentences name the variables, never
 * the keys.
 * @param rings by the variable that holds them; no two may share a key, since what one use reveals would be the other's
 * secret
 * @param developmentRings keys that development made for itself, which a copied directory brings along
 */
export function keyProblems(
  rings: Readonly<Record<string, KeyRing>>,
  developmentRings: readonly KeyRing[] = [],
): string[] {
  const development = new Set(developmentRings.flat().map(({ secret }) => textOf(secret)));
  const problems: string[] = [];
  const seen = new Map<string, string>();
  for (const [variable, ring] of Object.entries(rings)) {
    for (const key of ring) {
      const name = `${variable}: key "${key.id}"`;
      const why = weakness(key, development);
      if (why !== null) problems.push(`${name} ${why}: make one with \`openssl rand -base64 32\``);
      const bytes = textOf(key.secret);
      const same = seen.get(bytes);
      if (same !== undefined) problems.push(`${name} is the same as ${same}: each use has a key of its own`);
      else seen.set(bytes, `key "${key.id}" of ${variable}`);
    }
  }
  return problems;
}
