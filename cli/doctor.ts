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
  /** What to do about it. */
  readonly advice?: string;
}

const FIND = 'query findSubject($uscc: USCC!) { entity(uscc: $uscc) { name } }';
const WHO = 'query whoAmI { viewer { role organisation } }';
/** What the release lets every role ask that sees it (gateway/trustedDocuments/released.json). */
export const doctorTexts = [FIND, WHO];

const NODE_MAJOR = 24;
const GATEWAY = join(import.meta.dirname, '../gateway/main.ts');
const CHECK_MS = 20_000;

/** What the gateway of this machine would say of its own configuration when it starts: it is asked, and not started. */
export async function examineConfiguration(): Promise<Finding> {
  const check = 'config';
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [GATEWAY, '--check-config'], { timeout: CHECK_MS });
    const { production, keyProblems } = JSON.parse(stdout) as { production: boolean; keyProblems: readonly string[] };
    if (keyProblems.length === 0) return { check, state: 'ok', message: production ? 'the configuration is sound, for production' : 'the configuration is sound, for development' };
    return { check, state: 'note', message: keyProblems.join('; '), advice: 'Production does not start with such keys.' };
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    return { check, state: 'problem', message: stderr.trim() || message, advice: 'No gateway starts with this: mend what is named.' };
  }
}

/** Looks at everything between the user and an answer, in the order in which it is needed; what cannot be looked at is left out. */
export async function examine(url: string, token: () => Promise<TokenSource>, nodeVersion: string = process.versions.node): Promise<Finding[]> {
  const findings: Finding[] = [];
  const modern = Number.parseInt(nodeVersion, 10) >= NODE_MAJOR;
  findings.push({ check: 'node', state: modern ? 'ok' : 'problem', message: `Node ${nodeVersion}`, ...(modern ? null : { advice: `Node ${NODE_MAJOR} is needed. It comes with \`npm ci\`: start everything through npm or npx.` }) });

  const asPublic = createApi({ url, token: () => null });
  const live = await checked('address', () => asPublic.get('/health/live'), ({ status }) =>
    status === 200 ? { state: 'ok', message: `${url} answers` } : { state: 'problem', message: `${url}/health/live has HTTP status ${status}`, advice: 'Is this the address of a Credit Graph gateway?' },
  );
  findings.push(live);
  if (live.state === 'problem') return findings;

  findings.push(
    await checked('sources', () => asPublic.get('/health/ready'), ({ body }) => {
      const unavailable = typeof body === 'object' && body !== null && 'unavailable' in body && Array.isArray(body.unavailable) ? body.unavailable.map(String) : null;
      if (!unavailable) return { state: 'problem', message: '/health/ready gives no answer that can be read', advice: 'Is this the address of a Credit Graph gateway?' };
      if (unavailable.length > 0) return { state: 'problem', message: `unavailable: ${unavailable.join(', ')}`, advice: 'Look at the logs of those subgraphs, and at the database.' };
      return { state: 'ok', message: 'all sources are available' };
    }),
    await checked('token', async () => whoIs(createApi({ url, token: await token() })), ({ role, organisation }) => ({
      state: 'ok',
      message: role === 'PUBLIC' || organisation === null ? 'none is used: you are the public' : `you are ${organisation} as ${role}`,
    })),
    await checked('data', () => asPublic.query(FIND, { uscc: demoSubject }), ({ data, errors }) => {
      const entity = data?.['entity'];
      if (entity) return { state: 'ok', message: 'the demo data is there' };
      const [error] = errors ?? [];
      if (error?.extensions?.['code'] === 'NOT_FOUND') return { state: 'note', message: 'the demo data is not there', advice: '`npm start` loads it; where real data is filed it is not missed.' };
      return { state: 'problem', message: `the graph does not answer: ${error?.message ?? 'no data'}`, advice: 'Look at the log of the gateway.' };
    }),
  );
  return findings;
}

const whoIs = async (api: Api): Promise<{ role: string; organisation: string | null }> => api.ask('viewer', WHO);

async function checked<Result>(check: string, ask: () => Promise<Result>, judge: (result: Result) => Omit<Finding, 'check'>): Promise<Finding> {
  try {
    return { check, ...judge(await ask()) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { check, state: 'problem', message: error.message, ...(error.advice === null ? null : { advice: error.advice }) };
  }
}

export const findingLines = (findings: readonly Finding[]): string =>
  findings.map(({ check, state, message, advice }) => `${state.padEnd(8)} ${check.padEnd(8)} ${message}\n${advice === undefined ? '' : `${' '.repeat(18)}${advice}\n`}`).join('');
