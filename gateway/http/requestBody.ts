import { isUtf8 } from 'node:buffer';
import { Transform } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { charsetProblem, codingProblem, UTF_8 } from '#kit/http/charset.ts';
import { jsonBoundsProblem } from '#kit/jsonBounds.ts';

// The body of one request: its maximum, its encoding, and the bounds of its JSON. `bodies.ts` has the room for the
// bodies of all requests together.

/** A batch of 1 000 rows in the variables (`fileRecords`); the limits bound the text of a query. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Without a token: the longest text of a query, and as much again for variables with a thousand codes. */
export const MAX_ANONYMOUS_BYTES = 256 * 1024;

/** @param maxBytes the maximum that the body exceeds */
export function bodyTooLarge(maxBytes: number): GraphQLError {
  const size = maxBytes < 1024 * 1024 ? `${maxBytes / 1024} KB without a token` : `${maxBytes / 1024 / 1024} MB`;
  return new GraphQLError(`The body of this request has at most ${size}; larger files are filed in parts.`, {
    extensions: { code: 'BODY_TOO_LARGE', expected: `at most ${maxBytes} bytes`, http: { status: 413 } },
  });
}

/** Passes so many bytes, and fails with BODY_TOO_LARGE at the next. */
function limitedTo(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(bodyTooLarge(maxBytes));
      else done(null, chunk);
    },
  });
}

/** Parses bodies of JSON: limited before they are parsed, because many functions walk the result. */
export function parseJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (!isUtf8(body as Buffer))
      return done(
        new GraphQLError('The body is not UTF-8.', { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } }),
        undefined,
      );
    const text = (body as Buffer).toString('utf8');
    const problem = jsonBoundsProblem(text);
    if (problem === null) parseJson(request, text, done);
    else done(clientError('COST_LIMIT', problem, { expected: problem }), undefined);
  });
}

/** Refuses encodings that a route does not read, and limits bodies that declare no length, before they are read. */
export function checkBodies(app: FastifyInstance): void {
  app.addHook('preParsing', ({ headers, routeOptions }, _reply, body, done) => {
    const {
      'content-type': contentType,
      'content-encoding': contentEncoding,
      'content-length': length,
      authorization,
    } = headers;
    const problem =
      charsetProblem(contentType, routeOptions.config.charsets ?? UTF_8) ?? codingProblem(contentEncoding);
    // A body without a length shows only then whether it is too large.
    if (problem) done(problem);
    else
      done(
        null,
        length === undefined && authorization === undefined ? body.pipe(limitedTo(MAX_ANONYMOUS_BYTES)) : body,
      );
  });
}
