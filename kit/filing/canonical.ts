/** JSON with keys in code-unit order and without white space: equal content is equal text, whatever order it was built in. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  for (const key of Object.keys(members).toSorted()) {
    const member = members[key];
    if (member !== undefined) parts.push(`${JSON.stringify(key)}:${typeof member === 'string' ? JSON.stringify(member) : canonicalJson(member)}`);
  }
  return `{${parts.join(',')}}`;
}
