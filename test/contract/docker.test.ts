import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { parseConfig, settings } from '#kit/config.ts';
import { portOf, subgraphNames } from '#subgraphs/definitions.ts';
import { demoOrganisations } from '#standards/demoOrganisations.ts';

// No engine builds the image here: what can be read is checked.

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly networks: readonly string[];
  readonly read_only?: boolean;
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const compose = parse(read('docker/compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
};
const { services } = compose;
const ours = Object.entries(services).filter(([, { command }]) => command?.[0] === 'node');

const instructions = read('docker/Dockerfile')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => /^[A-Z]/.test(line))
  .map((line) => line.split(/\s+/));
const all = (name: string): string[][] => instructions.filter(([first]) => first === name).map(([, ...rest]) => rest);
const copied = all('COPY')
  .filter(([first]) => !first?.startsWith('--'))
  .flatMap((names) => names.slice(0, -1));

const example = Object.fromEntries(
  read('docker/.env.example')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

/**
 * A service's variables as compose gives them: `${NAME:?}` from the values given, and `${NAME:-…}`, which may be left
 * out.
 */
const environmentOf = (service: Service, values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(service.environment).map(([name, value]) => [
      name,
      String(value).replaceAll(
        /\$\{(\w+):([?-])([^}]*)\}/g,
        (_, key: string, kind: string, preset: string) => values[key] ?? (kind === '-' ? preset : `{no ${key}}`),
      ),
    ]),
  );

const key = (): string => `k1:${randomBytes(32).toString('base64')}`;
const operator = demoOrganisations.find(({ kind }) => kind === 'operator')?.uscc ?? '';
const real = {
  POSTGRES_PASSWORD: 'secret',
  JWKS_URL: 'https://issuer.example/jwks.json',
  JWT_ISSUER: 'https://issuer.example',
  JWT_AUDIENCE: 'credit-graph',
  BOOTSTRAP_OPERATOR: operator,
  PASSPORT_KEYS: key(),
  CURSOR_KEYS: key(),
  DIGEST_KEYS: key(),
};

test('what runs is the gateway and each subgraph, by entry points that exist, each on its own port', () => {
  expect(
    ours.map(([name, { command, environment }]) => [name, command?.slice(1).join(' '), environment['PORT']]),
  ).toEqual([
    ['gateway', 'gateway/main.ts', 4000],
    ...subgraphNames.map((name) => [name, `subgraphs/main.ts ${name}`, portOf(name)]),
  ]);
  expect(
    all('CMD')
      .concat(ours.map(([, { command }]) => command as string[]))
      .flat()
      .map((word) => word.replaceAll(/[["\],]/g, ''))
      .filter((word) => word.endsWith('.ts') && !existsSync(join(root, word))),
  ).toEqual([]);
});

test('with real values every process finds its configuration sound, and the gateway each subgraph at its port', () => {
  for (const [, service] of ours) expect(parseConfig(environmentOf(service, real)).production).toBe(true);
  const gateway = services['gateway'] as Service; // asserted above
  const { remoteSubgraphs } = parseConfig(environmentOf(gateway, real), subgraphNames);
  expect(remoteSubgraphs).toEqual(
    Object.fromEntries(subgraphNames.map((name) => [name, `http://${name}:${portOf(name)}/graphql`])),
  );
});

test('without the optional settings nothing is served at /metrics or traced; with them both are', () => {
  for (const [, service] of ours) {
    const [bare, whole] = [
      parseConfig(environmentOf(service, real)),
      parseConfig(
        environmentOf(service, {
          ...real,
          METRICS_TOKEN: '0123456789abcdef',
          OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
        }),
      ),
    ];
    expect([bare.metricsToken, bare.tracing.endpoint, whole.metricsToken, whole.tracing.endpoint]).toEqual([
      null,
      null,
      '0123456789abcdef',
      'http://collector:4318',
    ]);
  }
});

test('with the placeholders of .env.example no process starts', () => {
  expect(Object.keys(example).toSorted()).toEqual(Object.keys(real).toSorted());
  for (const [, service] of ours)
    expect(() => parseConfig(environmentOf(service, example))).toThrow(
      /JWKS_URL: [^]*PASSPORT_KEYS: [^]*CURSOR_KEYS: [^]*DIGEST_KEYS: /,
    );
});

test('every variable given to a process is one that the configuration knows', () => {
  const known = new Set(Object.keys(settings));
  expect(known.size).toBeGreaterThan(10);
  expect(ours.flatMap(([, { environment }]) => Object.keys(environment)).filter((name) => !known.has(name))).toEqual(
    [],
  );
});

test('only the gateway is published, and only it reaches outside', () => {
  expect(
    Object.entries(services)
      .filter(([, { ports }]) => ports)
      .map(([name, { ports }]) => [name, ports]),
  ).toEqual([['gateway', ['127.0.0.1:4000:4000']]]);
  expect(
    Object.entries(services)
      .filter(([, { networks }]) => networks.some((name) => !compose.networks[name]?.internal))
      .map(([name]) => name),
  ).toEqual(['gateway']);
});

test('every container is read-only, and each waits until what it needs is healthy', () => {
  expect(
    Object.entries(services)
      .filter(([, service]) => service.read_only !== true)
      .map(([name]) => name),
  ).toEqual([]);
  const waits = Object.values(services).flatMap(({ depends_on = {} }) => Object.entries(depends_on));
  expect(
    waits.filter(
      ([name, { condition }]) =>
        condition !== 'service_healthy' || (services[name]?.command?.[0] !== 'node' && !services[name]?.healthcheck),
    ),
  ).toEqual([]);
  expect(all('HEALTHCHECK')).toHaveLength(1);
});

test('every image has a version', () => {
  const stages = all('FROM').flatMap(([, , name]) => name ?? []);
  const images = [
    ...all('FROM').map(([image]) => image ?? ''),
    ...Object.values(services).flatMap(({ image }) => image ?? []),
  ].filter((image) => !stages.includes(image) && image !== 'credit-graph');
  expect([...new Set(images)].toSorted()).toEqual(['node:24-bookworm-slim', 'postgres:18', 'redis:7']);
});

test('the image runs as a user that owns nothing, from sources that exist and are sent to the engine', () => {
  expect(all('USER')).toEqual([['node']]);
  expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const sent = read('.dockerignore')
    .split('\n')
    .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  expect(sent.toSorted()).toEqual([...new Set(copied)].toSorted());
  const { build } = services['gateway'] as Service; // asserted above
  expect(existsSync(join(root, 'docker', build?.context ?? '', build?.dockerfile ?? ''))).toBe(true);
});

test('the image has every file that its programs import, and production packages alone', () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, target = ''] of read(file).matchAll(
      /^\s*(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'/gm,
    )) {
      if (target.startsWith('#')) visit(target.slice(1).replace(/^prisma\//, 'prisma/client/'));
      else if (target.startsWith('.')) visit(join(dirname(file), target));
      else if (!target.startsWith('node:'))
        packages.add(
          target
            .split('/')
            .slice(0, target.startsWith('@') ? 2 : 1)
            .join('/'),
        );
    }
  };
  for (const entry of ['gateway/main.ts', 'subgraphs/main.ts', 'cli/main.ts']) visit(entry);
  expect(seen.size).toBeGreaterThan(150);
  expect([...seen].filter((file) => !copied.some((folder) => file.startsWith(`${folder}/`)))).toEqual([]);
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  expect([...packages].filter((name) => !(name in dependencies))).toEqual([]);
});

test('the first operator is named for the gateway alone, and may be left out once there is one', () => {
  expect(ours.filter(([, { environment }]) => 'BOOTSTRAP_OPERATOR' in environment).map(([name]) => name)).toEqual([
    'gateway',
  ]);
  const gateway = services['gateway'] as Service; // asserted above
  expect(
    [operator, ''].map(
      (code) => parseConfig(environmentOf(gateway, { ...real, BOOTSTRAP_OPERATOR: code })).bootstrapOperator,
    ),
  ).toEqual([operator, null]);
});
