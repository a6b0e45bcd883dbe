import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * No cache on the way stores a response unless it is marked as cacheable, least of all refusals. Set where every
 * response begins: Fastify, Apollo Server or Node itself write some of them before any hook of ours.
 */
export class UnstoredResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  // Not set from the start: Node then checks each further header by itself.
  override writeHead(status: number, ...given: unknown[]): this {
    const headers = given.at(-1);
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) this.#unstored();
    else if (!('cache-control' in headers))
      (headers as OutgoingHttpHeaders)['cache-control'] = String(this.getHeader('cache-control') ?? 'no-store');
    return super.writeHead(status, ...(given as [OutgoingHttpHeaders]));
  }

  #unstored(): void {
    if (!this.hasHeader('cache-control')) this.setHeader('cache-control', 'no-store');
  }
}
