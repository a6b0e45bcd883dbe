import jwt from 'jsonwebtoken';
import { createViewer, publicViewer } from '#policy/viewer.ts';
import { deriveKey, type KeyRing } from './keys.ts';
import { createPassportControl, createPassportOffice } from './passport.ts';

const ring: KeyRing = [{ id: 'a', secret: Buffer.alloc(32, 1) }];
const at = new Date('2026-11-23T08:00:00Z');
const viewer = createViewer({ ...publicViewer, role: 'AUDITOR', organisation: '91110105MA0EEE1197', purposes: ['AUDIT'], purpose: 'AUDIT', tokenId: 't1' });
const office = createPassportOffice(ring, () => at);

test('a passport brings the whole viewer to the subgraph it was made for', () => {
  expect(createPassportControl(ring, 'namelist', () => at)(office(viewer, 'namelist'))).toEqual(viewer);
});

test('a passport for another subgraph, of another key, or out of date is none', () => {
  const passport = office(viewer, 'namelist');
  expect(createPassportControl(ring, 'entity', () => at)(passport)).toBeNull();
  expect(createPassportControl([{ id: 'a', secret: Buffer.alloc(32, 9) }], 'namelist', () => at)(passport)).toBeNull();
  expect(createPassportControl(ring, 'namelist', () => new Date(at.getTime() + 31_000))(passport)).toBeNull();
});

test('a passport that was good is refused once its half minute is over, also by a control that has seen it', () => {
  let now = at;
  const control = createPassportControl(ring, 'namelist', () => now);
  const passport = office(viewer, 'namelist');
  expect(control(passport)).toEqual(viewer);
  now = new Date(at.getTime() + 31_000);
  expect(control(passport)).toBeNull();
});

test("an unsigned passport, a client's token and plain text are none", () => {
  const control = createPassportControl(ring, 'namelist', () => at);
  const unsigned = jwt.sign({ viewer }, '', { algorithm: 'none', keyid: 'a', issuer: 'credit-graph-gateway', audience: 'namelist' });
  const stranger = jwt.sign({ viewer }, Buffer.alloc(32, 1), { algorithm: 'HS256', keyid: 'a', issuer: 'credit-graph-gateway', audience: 'namelist', expiresIn: 30 });
  const roleless = jwt.sign({ viewer: { role: 'ROOT' } }, deriveKey(ring[0], 'passport'), { algorithm: 'HS256', keyid: 'a', issuer: 'credit-graph-gateway', audience: 'namelist', expiresIn: 30 });
  for (const nonsense of [unsigned, stranger, roleless, '', 'x', 'a.b.c']) expect(control(nonsense)).toBeNull();
});

test('two viewers never share a passport', () => {
  expect(office(viewer, 'namelist')).toBe(office(viewer, 'namelist'));
  expect(office(viewer, 'namelist')).not.toBe(office(publicViewer, 'namelist'));
  expect(office(viewer, 'namelist')).not.toBe(office(createViewer({ ...viewer, purpose: null }), 'namelist'));
});
