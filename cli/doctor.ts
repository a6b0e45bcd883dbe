import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Api, createApi } from './api.ts';
import type { TokenSource } from './caller.ts';
import { demoSubject } from './demoRoles.ts';
import { Failure } from './failure.ts';

export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'note' | 'problem';
  readonly message: string;
  /** Advice to the user. */
  readonly advice?: string;
}

const FIND = 'query findSubject($uscc: USCC!) { entity(uscc: $uscc) { name } }';
const WHO = 'query whoAmI { viewer { role organisation } }';
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const doctorTexts = [FIND, WHO];

const NODE_MAJOR = 24;
const GATEWAY = join(import.meta.dirname, '../gateway/main.ts');
/** A start of Node with all of the gateway takes seconds, and more on a busy machine. */
const CHECK_MS = 60_000;

/** The gateway's own check of its configuration on this machine, without starting it. */
export async function examineConfiguration(): Promise<Finding> {
  const check = 'config';
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [GATEWAY, '--check-config'], { timeout: CHECK_MS });
    const { production, keyProblems } = JSON.parse(stdout) as { production: boolean; keyProblems: readonly string[] };
    if (keyProblems.length === 0)
      return {
        check,
        state: 'ok',
        message: production
          ? 'the configuration is sound, for production'
          : 'the configuration is sound, for development',
      };
    return {
      check,
      state: 'note',
      message: keyProblems.join('; '),
      advice: 'Production does not start with such keys.',
    };
  } catch (error) {
    const { stderr = '', message, killed } = error as Error & { stderr?: string; killed?: boolean };
    if (killed)
      return {
        check,
        state: 'problem',
        message: `the gateway did not say within ${CHECK_MS / 1000} s what it makes of its configuration`,
        advice: 'Look whether this machine is busy, and run it again.',
      };
    return {
      check,
      state: 'problem',
      message: stderr.trim() || message,
      advice: 'No gateway starts with this: mend what is named.',
    };
  }
}

/**
 * Checks everything between the user and an answer, in the order in which it is needed. It omits what it cannot check.
 * @param token called only once the gateway has answered
 * @returns a finding for each check that was made
 */
export async function examine(
  url: string,
  token: () => Promise<TokenSource>,
  nodeVersion: string = process.versions.node,
): Promise<Finding[]> {
  const asPublic = createApi({ url, token: () => null });
  const findings = [examineNode(nodeVersion)];
  const address = await examineAddress(asPublic);
  findings.push(address);
  if (address.state === 'problem') return findings;
  findings.push(await examineSources(asPublic), await examineToken(url, token), await examineData(asPublic));
  return findings;
}

function examineNode(version: string): Finding {
  const isModern = Number.parseInt(version, 10) >= NODE_MAJOR;
  return {
    check: 'node',
    state: isModern ? 'ok' : 'problem',
    message: `Node ${version}`,
    ...(isModern
      ? null
      : { advice: `Node ${NODE_MAJOR} is needed. It comes with \`npm ci\`: start everything through npm or npx.` }),
  };
}

const examineAddress = (api: Api): Promise<Finding> =>
  checked(
    'address',
    () => api.get('/health/live'),
    ({ status }) =>
      status === 200
        ? { state: 'ok', message: `${api.url} answers` }
        : {
            state: 'problem',
            message: `${api.url}/health/live has HTTP status ${status}`,
            advice: 'Is this the address of a Credit Graph gateway?',
          },
  );

const examineSources = (api: Api): Promise<Finding> =>
  checked(
    'sources',
    () => api.get('/health/ready'),
    ({ body }) => {
      const unavailable =
        typeof body === 'object' && body !== null && 'unavailable' in body && Array.isArray(body.unavailable)
          ? body.unavailable.map(String)
          : null;
      if (!unavailable)
        return {
          state: 'problem',
          message: '/health/ready gives no answer that can be read',
          advice: 'Is this the address of a Credit Graph gateway?',
        };
      if (unavailable.length > 0)
        return {
          state: 'problem',
          message: `unavailable: ${unavailable.join(', ')}`,
          advice: 'Look at the logs of those subgraphs, and at the database.',
        };
      const degraded = degradedParts(body);
      if (degraded.length > 0)
        return {
          state: 'note',
          message: `all sources are available; degraded: ${degraded.join(', ')}`,
          advice: 'Look at /health/ready and at the log of the gateway.',
        };
      return { state: 'ok', message: 'all sources are available' };
    },
  );

const examineToken = (url: string, token: () => Promise<TokenSource>): Promise<Finding> =>
  checked(
    'token',
    async () => whoIs(createApi({ url, token: await token() })),
    ({ role, organisation }) => ({
      state: 'ok',
      message:
        role === 'PUBLIC' || organisation === null
          ? 'none is used: you are the public'
          : `you are ${organisation} as ${role}`,
    }),
  );

const examineData = (api: Api): Promise<Finding> =>
  checked(
    'data',
    () => api.query(FIND, { uscc: demoSubject }),
    ({ data, errors }) => {
      const entity = data?.['entity'];
      if (entity) return { state: 'ok', message: 'the demo data is there' };
      const [error] = errors ?? [];
      if (error?.extensions?.['code'] === 'NOT_FOUND')
        return {
          state: 'note',
          message: 'the demo data is not there',
          advice: '`npm start` loads it; where real data is filed it is not missed.',
        };
      return {
        state: 'problem',
        message: `the graph does not answer: ${error?.message ?? 'no data'}`,
        advice: 'Look at the log of the gateway.',
      };
    },
  );

/** Parts of the gateway, beside its sources, that `/health/ready` reports as not working. */
const degradedParts = (readiness: unknown): string[] =>
  Object.entries(readiness as object).flatMap(([part, stated]) => {
    const state: unknown = typeof stated === 'object' && stated !== null && 'state' in stated ? stated.state : 'ok';
    return state === 'ok' ? [] : [part];
  });

const whoIs = async (api: Api): Promise<{ role: string; organisation: string | null }> => api.ask('viewer', WHO);

/** Makes a check. A failure that the user can mend is a finding; any other error is thrown. */
async function checked<Result>(
  check: string,
  ask: () => Promise<Result>,
  judge: (result: Result) => Omit<Finding, 'check'>,
): Promise<Finding> {
  try {
    return { check, ...judge(await ask()) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return {
      check,
      state: 'problem',
      message: error.message,
      ...(error.advice === null ? null : { advice: error.advice }),
    };
  }
}

export const findingLines = (findings: readonly Finding[]): string =>
  findings
    .map(
      ({ check, state, message, advice }) =>
        `${state.padEnd(8)} ${check.padEnd(8)} ${message}\n` +
        (advice === undefined ? '' : `${' '.repeat(18)}${advice}\n`),
    )
    .join('');
