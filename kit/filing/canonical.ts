/** A text in JSON. Half a character (a lone surrogate, which NDJSON can bring) would be JSON, but none that PostgreSQL takes. */
export const jsonText = (text: string): string => JSON.stringify(text.toWellFormed());

/** JSON with keys in code-unit order and without white space: equal content is equal text, whatever order it was built in. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return jsonText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  for (const key of Object.keys(members).toSorted()) {
    const member = members[key];
    if (member !== undefined) parts.push(`${jsonText(key)}:${canonicalJson(member)}`);
  }
  return `{${parts.join(',')}}`;
}
