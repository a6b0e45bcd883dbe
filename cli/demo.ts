import { access, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FormKind } from '#standards/forms/form.ts';
import { type Api, createApi } from './api.ts';
import { renewedTokens, type TokenSource } from './caller.ts';
import { claimsFor, demoGrants, demoSubject, FILING_ROLE, GRANTING_ROLE, REGISTERING_ROLE } from './demoRoles.ts';
import { Failure } from './failure.ts';
import { generate } from './generate/generate.ts';
import { findGrants, giveRole, isThere } from './grants.ts';
import { ingest } from './ingest.ts';
import { type Issuer, replaceFile } from './issuer.ts';
import type { Progress } from './progress.ts';
import { registerUnits } from './units.ts';

const IS_THERE = 'query isThere($uscc: USCC!) { entity(uscc: $uscc) { uscc } }';
/** Texts that the release publishes for all roles that may see the fields (gateway/trustedDocuments/released.json). */
export const demoTexts = [IS_THERE];

/**
 * Smaller than the parts of a real filing, so that a progress bar moves and two parts of a file are in flight at once.
 */
const DEMO_PART_BYTES = 2 * 1024 * 1024;

export interface DemoOptions {
  readonly url: string;
  readonly dataDir: string;
  readonly issuer: Issuer;
  readonly entities: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly progress: (label: string, total: number, unit?: string) => Progress;
  /** Receives the progress, a line at a time. */
  readonly say: (line: string) => void;
}

/** `DATA_DIR/demo/files.json`: the generated files, and whether all of them are filed. */
interface Manifest {
  readonly entities: number;
  readonly seed: number;
  readonly files: readonly {
    readonly kind: FormKind;
    readonly path: string;
    readonly rows: number;
    readonly units?: readonly { readonly unit: string; readonly name: string }[];
  }[];
  readonly isFiled: boolean;
}

/** The key of `isFiled` in the file: a data directory outlives the release that wrote it. */
const FILED = 'filed';

export type DemoState = 'loaded' | 'there';

/**
 * Fills an empty graph with the demo through the public API: grants, then generated files. It completes what an
 * interrupted start left undone. A graph that has its demo, or the demo of another data directory, is left as it is.
 */
export async function loadDemo(options: DemoOptions): Promise<DemoState> {
  const { url, issuer, signal, say } = options;
  const directory = join(options.dataDir, 'demo');
  const apiOf = (token: TokenSource): Api => createApi({ url, token, signal, attempts: 4 });
  const isEmpty = await lacksSubject(apiOf(() => null));
  const known = await readManifest(directory);
  if (!isEmpty && (known === null || known.isFiled)) return 'there';

  await giveRoles(apiOf(renewedTokens(issuer, claimsFor({ role: GRANTING_ROLE }))));
  const manifest =
    known && (await filesAreThere(known)) && (!isEmpty || matches(known, options))
      ? known
      : await generateFiles(directory, options);
  // After a database was emptied the files may still count as filed. If this start is interrupted, the next goes on
  // with it.
  if (manifest.isFiled) await writeManifest(directory, { ...manifest, isFiled: false });
  const units = manifest.files.flatMap(({ kind, units: named = [] }) => named.map((unit) => ({ ...unit, kind })));
  await registerUnits(apiOf(renewedTokens(issuer, claimsFor({ role: REGISTERING_ROLE }))), units);
  const api = apiOf(renewedTokens(issuer, claimsFor({ role: FILING_ROLE })));
  const started = performance.now();
  let rows = 0;
  for (const { kind, path } of manifest.files) {
    signal.throwIfAborted();
    const { receipt, rejectedFile } = await ingest({
      api,
      file: path,
      kind,
      partBytes: DEMO_PART_BYTES,
      progress: (total) => options.progress(kind, total),
    });
    rows += receipt.rows;
    if (receipt.rejected > 0)
      say(`${kind}: ${receipt.rejected} rows were refused, see ${basename(rejectedFile ?? '')}`);
  }
  await writeManifest(directory, { ...manifest, isFiled: true });
  const seconds = (performance.now() - started) / 1000;
  say(
    `${count(manifest.entities)} entities with ${count(rows)} rows in all, ` +
      `filed in ${seconds.toFixed(1)} s (${count(rows / seconds)} rows/s)`,
  );
  return 'loaded';
}

const count = (number: number): string => Math.round(number).toLocaleString('en').replaceAll(',', ' ');

/** Whether the graph lacks the demo's subject. @throws Failure when that is not known: "unavailable" is not "empty" */
async function lacksSubject(api: Api): Promise<boolean> {
  const { data, errors } = await api.query(IS_THERE, { uscc: demoSubject });
  if (data?.['entity']) return false;
  const [error] = errors ?? [];
  if (error?.extensions?.['code'] === 'NOT_FOUND') return true;
  throw new Failure(`The graph does not say whether it has data: ${error?.message ?? 'no answer'}`);
}

async function giveRoles(api: Api): Promise<void> {
  const inForce = await findGrants(api, null, new Date());
  for (const { organisation, role, province, sector } of demoGrants) {
    const wanted = { organisation: organisation.uscc, role, province, sector };
    if (!isThere(inForce, wanted)) await giveRole(api, wanted);
  }
}

const matches = ({ entities, seed }: Manifest, wanted: DemoOptions): boolean =>
  entities === wanted.entities && seed === wanted.seed;

async function generateFiles(directory: string, { entities, seed, progress }: DemoOptions): Promise<Manifest> {
  await mkdir(directory, { recursive: true });
  const bar = progress('generate', entities, 'entities');
  try {
    const files = await generate({ out: directory, entities, seed }, (done) => bar.update(done));
    const manifest = { entities, seed, files, isFiled: false };
    await writeManifest(directory, manifest);
    return manifest;
  } finally {
    bar.stop();
  }
}

const manifestFile = (directory: string): string => join(directory, 'files.json');

/** Paths are relative, so that a data directory may be moved. */
async function writeManifest(directory: string, { isFiled, ...manifest }: Manifest): Promise<void> {
  const files = manifest.files.map((file) => ({ ...file, path: basename(file.path) }));
  await replaceFile(manifestFile(directory), `${JSON.stringify({ ...manifest, files, [FILED]: isFiled }, null, 2)}\n`);
}

async function readManifest(directory: string): Promise<Manifest | null> {
  try {
    const text = await readFile(manifestFile(directory), 'utf8');
    // The file is written here alone.
    const { [FILED]: isFiled, ...manifest } = JSON.parse(text) as Omit<Manifest, 'isFiled'> & { [FILED]: boolean };
    const files = manifest.files.map((file) => ({ ...file, path: join(directory, file.path) }));
    return { ...manifest, files, isFiled };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

async function filesAreThere({ files }: Manifest): Promise<boolean> {
  const found = await Promise.all(
    files.map(({ path }) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.length > 0 && found.every(Boolean);
}
