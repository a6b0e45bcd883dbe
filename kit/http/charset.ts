import { GraphQLError } from 'graphql';

/** The encodings that filings may be in (records/filing/text.ts tells them apart), by the names that clients write. */
export const FILED: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'gb18030', 'gbk', 'gb2312']);
/** JSON is UTF-8 (RFC 8259 §8.1). */
export const UTF_8: ReadonlySet<string> = new Set(['utf-8', 'utf8']);

const PARAMETER = /;\s*charset\s*=\s*(?:"([^"]*)"|([^;"]*))/gi;

/**
 * 415 for a body in an encoding that is not read here: text that is wrongly taken for UTF-8 says something else than
 * its sender wrote.
 * @param contentType the header; one that names no encoding passes, and of one that names two each is checked
 */
export function charsetProblem(contentType: string | undefined, allowed: ReadonlySet<string>): GraphQLError | null {
  if (contentType === undefined || !contentType.includes(';')) return null;
  for (const [, quoted, plain] of contentType.matchAll(PARAMETER)) {
    const charset = quoted ?? plain?.trim() ?? '';
    if (allowed.has(charset.toLowerCase())) continue;
    const expected = [...allowed]
      .filter((name) => name !== 'utf8')
      .join(', ')
      .toUpperCase();
    return new GraphQLError(
      `The body says that it is in ${JSON.stringify(charset.slice(0, 40))}; it is read as ${expected}.`,
      {
        extensions: { code: 'BAD_REQUEST', argument: 'content-type', expected, http: { status: 415 } },
      },
    );
  }
  return null;
}

/** 415 for a body that is declared as compressed (RFC 9110 §15.5.16): no body is unpacked. */
export function codingProblem(contentEncoding: string | undefined): GraphQLError | null {
  if (contentEncoding === undefined) return null;
  const coding = contentEncoding.trim().toLowerCase();
  if (coding === '' || coding === 'identity') return null;
  const expected = 'identity';
  const http = { status: 415, headers: new Map([['accept-encoding', expected]]) };
  const named = JSON.stringify(coding.slice(0, 40));
  return new GraphQLError(`The body says that it is packed by ${named}; it is read as it is.`, {
    extensions: { code: 'BAD_REQUEST', argument: 'content-encoding', expected, http },
  });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Encodings that a route reads; left out: UTF-8. */
    readonly charsets?: ReadonlySet<string>;
  }
}
