import { buffer } from 'node:stream/consumers';
import type { ReplacingFiling, ReplacementImpact } from '#records/filing/replacement.ts';
import type { Head } from '#records/heads.ts';
import type { SourceUnit } from '#records/sourceUnits.ts';
import type { PassportIssuer } from '#kit/passport.ts';
import type { PartOutcome, SubgraphDefinition, SubgraphStatus } from '#records/subgraph.ts';
import { publicViewer } from '#policy/viewer.ts';
import { createHttpTransport } from './engine/httpTransport.ts';
import { createRemoteRequests } from './remoteRequests.ts';
import { STATUS_DEADLINE_MS } from './sourceDeadlines.ts';
import { contextOf, type Source } from './sources.ts';

const OPERATION_DEADLINE_MS = 5000;
const FILING_DEADLINE_MS = 10 * 60_000;

/** The path of a filing that replaces others. */
const replacement = (
  kind: string,
  { id, unit }: ReplacingFiling,
  more: Readonly<Record<string, string>> = {},
): string => `/filings/${id}/replacement?${new URLSearchParams({ kind, unit, ...more })}`;

/** A subgraph over HTTP: it receives a passport, never the client's token. */
export function createRemoteSource(
  { name, kinds }: Pick<SubgraphDefinition, 'name' | 'kinds'>,
  url: string,
  passport: PassportIssuer,
): Source {
  const base = url.replace(/\/graphql\/?$/, '');
  const { ask, headers } = createRemoteRequests(name, base, passport);
  const transport = createHttpTransport({
    url: `${base}/graphql`,
    headers: (call, body) => headers(contextOf(call).viewer, 'POST', '/graphql', body),
    body: (call) => ({ moment: contextOf(call).moment }),
    timeoutMs: OPERATION_DEADLINE_MS,
  });
  // The answer comes from our own subgraph server, which has verified our passport.
  return {
    name,
    kinds,
    transport,
    isBreakerOpen: () => transport.isBreakerOpen(),
    status: async () => (await ask(publicViewer, '/status', STATUS_DEADLINE_MS)) as SubgraphStatus,
    async file(viewer, part, bytes) {
      const query = new URLSearchParams({
        kind: part.kind,
        format: part.format,
        ...(part.wantsRows ? { rows: 'true' } : null),
        ...(part.replaces ? { replaces: 'true' } : null),
      });
      return (await ask(viewer, `/filings/${part.filingId}/parts/${part.number}?${query}`, FILING_DEADLINE_MS, {
        method: 'PUT',
        body: await buffer(bytes),
      })) as PartOutcome;
    },
    weighReplacement: async (viewer, kind, filing) =>
      (await ask(viewer, replacement(kind, filing), FILING_DEADLINE_MS)) as ReplacementImpact,
    applyReplacement: async (viewer, kind, filing, at) =>
      (
        (await ask(viewer, replacement(kind, filing, { at }), FILING_DEADLINE_MS, { method: 'POST' })) as {
          ended: number;
        }
      ).ended,
    discardReplacement: async (viewer, kind, filing) =>
      void (await ask(viewer, replacement(kind, filing), FILING_DEADLINE_MS, { method: 'DELETE' })),
    decideConflict: async (viewer, kind, conflict) =>
      (
        (await ask(viewer, `/conflicts?${new URLSearchParams({ kind })}`, OPERATION_DEADLINE_MS, {
          method: 'POST',
          body: JSON.stringify(conflict),
          type: 'application/json',
        })) as { closed: boolean }
      ).closed,
    registerUnits: async (viewer, units) =>
      void (await ask(viewer, '/source-units', OPERATION_DEADLINE_MS, {
        method: 'PUT',
        body: JSON.stringify(units),
        type: 'application/json',
      })),
    unitsOf: async (viewer, unit) =>
      (await ask(viewer, `/source-units/${unit}`, OPERATION_DEADLINE_MS)) as readonly SourceUnit[],
    heads: async (viewer, topic, asked) =>
      (await ask(viewer, `/heads?${new URLSearchParams({ topic })}`, OPERATION_DEADLINE_MS, {
        method: 'POST',
        body: JSON.stringify(asked),
        type: 'application/json',
      })) as readonly Head[],
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
