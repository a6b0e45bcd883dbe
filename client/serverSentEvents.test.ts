import { createEventReader } from './serverSentEvents.ts';

const stream =
  ': a comment\nevent: next\nid: c1\ndata: {"a":1}\n\nevent: next\r\ndata: one\r\ndata:two\r\n\r\n' +
  'retry: 5\n\ndata\n\nevent: complete\ndata: {}\n\nevent: next\ndata: cut off';
const events = [
  { event: ':', data: 'a comment' },
  { event: 'next', data: '{"a":1}' },
  { event: 'next', data: 'one\ntwo' },
  { event: 'message', data: '' },
  { event: 'complete', data: '{}' },
];

test('events are the same wherever the network cuts them', () => {
  for (let size = 1; size <= stream.length; size++) {
    const read = createEventReader();
    const found = [];
    for (let at = 0; at < stream.length; at += size) found.push(...read(stream.slice(at, at + size)));
    expect({ size, found }).toEqual({ size, found: events });
  }
});
