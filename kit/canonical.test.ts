import { canonicalJson } from './canonical.ts';

test('equal content is equal text, whatever order it was built in', () => {
  const text = '{"a":["x","y"],"b":null,"c":{"d":1,"e":[{"f":true}]},"中":"文\\n"}';
  expect(canonicalJson({ a: ['x', 'y'], b: null, c: { d: 1, e: [{ f: true }] }, 中: '文\n' })).toBe(text);
  expect(canonicalJson({ 中: '文\n', c: { e: [{ f: true }], d: 1 }, b: null, left: undefined, a: ['x', 'y'] })).toBe(
    text,
  );
  expect(canonicalJson({ a: 'x', b: ['y'] })).toBe(canonicalJson({ b: ['y'], a: 'x' }));
});

test('half a character becomes U+FFFD, a whole one stays', () => {
  expect(canonicalJson({ a: '\ud83d', b: '😀', c: '\\ud83d' })).toBe('{"a":"\ufffd","b":"😀","c":"\\\\ud83d"}');
});
