import { createPublicKey, verify } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkUscc } from '#standards/uscc.ts';
import { claimsFor, demoGrants, roleNames } from './demoRoles.ts';
import { openIssuer } from './issuer.ts';
import { readSettings } from './settings.ts';

async function temporarySettings(variables: Record<string, string> = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'credit-graph-issuer-'));
  return {
    ...readSettings({ DATA_DIR: dataDir, ...variables }),
    [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }),
  };
}

const part = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString());

test('a token is signed with the key in jwks.json and has the requested claims', async () => {
  await using settings = await temporarySettings();
  const issuer = await openIssuer(settings);
  const token = issuer.sign(
    { role: 'AUDITOR', organisation: '91330106MA0EEE08X1', province: '33', purposes: ['AUDIT'] },
    900,
  );
  const { keys } = JSON.parse(await readFile(join(settings.dataDir, 'issuer', 'jwks.json'), 'utf8'));
  expect(keys).toEqual([
    {
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String),
      y: expect.any(String),
      kid: expect.any(String),
      use: 'sig',
      alg: 'ES256',
    },
  ]);
  expect(part(token, 0)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: keys[0].kid });
  const claims = part(token, 1);
  expect(claims).toEqual({
    iss: 'https://issuer.credit-graph.invalid',
    aud: 'credit-graph',
    sub: '91330106MA0EEE08X1',
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    iat: expect.any(Number),
    exp: claims.iat + 900,
    role: 'AUDITOR',
    province: '33',
    purposes: ['AUDIT'],
  });
  const [head, body, signature] = token.split('.');
  const key = createPublicKey({ key: keys[0], format: 'jwk' });
  expect(
    verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature ?? '', 'base64url'),
    ),
  ).toBe(true);
});

test('many who open a new issuer at once all sign with one key, which only its owner may read', async () => {
  await using settings = await temporarySettings();
  const issuers = await Promise.all(Array.from({ length: 8 }, () => openIssuer(settings)));
  const kids = issuers.map((issuer) => part(issuer.sign({ role: 'OPERATOR', organisation: 'x', purposes: [] }), 0).kid);
  const { keys } = JSON.parse(await readFile(join(settings.dataDir, 'issuer', 'jwks.json'), 'utf8'));
  expect(new Set(kids)).toEqual(new Set([keys[0].kid]));
  expect((await readdir(join(settings.dataDir, 'issuer'))).toSorted()).toEqual(['jwks.json', 'private.pem']);
  expect((await stat(join(settings.dataDir, 'issuer', 'private.pem'))).mode & 0o777).toBe(0o600);
});

test('a token that would live longer than an hour, or not at all, is not made', async () => {
  await using settings = await temporarySettings();
  const issuer = await openIssuer(settings);
  for (const ttl of [3601, 0, -1, 1.5, Number.NaN])
    expect(() => issuer.sign({ role: 'AUDITOR', organisation: 'x', purposes: [] }, ttl)).toThrow(
      'A token lives from one second to one hour.',
    );
});

test('production has no development issuer, and no key is made', async () => {
  await using settings = await temporarySettings({ NODE_ENV: 'production' });
  await expect(openIssuer(settings)).rejects.toThrow('The development issuer does not work with NODE_ENV=production.');
  expect(await readdir(settings.dataDir)).toEqual([]);
});

test('every role has a demo organisation that is granted what its token claims', () => {
  for (const role of roleNames) {
    const { organisation, province, sector } = claimsFor({ role });
    expect(checkUscc(organisation).status).toBe('VALID');
    const grant = demoGrants.find((each) => each.role === role && each.organisation.uscc === organisation);
    expect({ role, province: grant?.province, sector: grant?.sector }).toEqual({ role, province, sector });
  }
});

test('a province picks the demo organisation of that province', () => {
  const grant = demoGrants.find((each) => each.role === 'PROVINCIAL_PLATFORM' && each.province === '44');
  expect(claimsFor({ role: 'PROVINCIAL_PLATFORM', province: '44' })).toEqual({
    role: 'PROVINCIAL_PLATFORM',
    organisation: grant?.organisation.uscc,
    province: '44',
    sector: undefined,
    purposes: ['RECORD_EXCHANGE'],
  });
  expect(() => claimsFor({ role: 'PROVINCIAL_PLATFORM', province: '99' })).toThrow(
    'The demo data has no organisation in the role PROVINCIAL_PLATFORM bound to province 99.',
  );
});

test('of an organisation that is given nothing is guessed but the purpose', () => {
  expect(claimsFor({ role: 'PROVINCIAL_PLATFORM', org: '91110105MA0EEE1197' })).toEqual({
    role: 'PROVINCIAL_PLATFORM',
    organisation: '91110105MA0EEE1197',
    province: undefined,
    sector: undefined,
    purposes: ['RECORD_EXCHANGE'],
  });
});

test('the refusal of an unknown role lists the roles, and that of PUBLIC says that it needs no token', () => {
  expect(() => claimsFor({ role: 'ADMIN' })).toThrow(
    expect.objectContaining({
      message: 'There is no role "ADMIN".',
      advice: expect.stringContaining('AUDITOR, NATIONAL_CENTRE'),
      exitCode: 2,
    }),
  );
  expect(() => claimsFor({ role: 'PUBLIC' })).toThrow(
    expect.objectContaining({ message: 'PUBLIC has no token: the public sends none.', exitCode: 2 }),
  );
});
