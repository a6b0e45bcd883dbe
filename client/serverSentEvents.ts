export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** The name of the event that stands for a comment. */
export const COMMENT = ':';

/**
 * Creates a reader of server-sent events. The reader takes text as it arrives from the network, cut anywhere, and
 * returns the events and comments that are complete. It never throws. Lines end with LF or CRLF. The fields `id` and
 * `retry` are for browsers and are ignored.
 */
export function createEventReader(): (text: string) => ServerSentEvent[] {
  let rest = '';
  let event = '';
  let data: string[] = [];
  return (text) => {
    const events: ServerSentEvent[] = [];
    const searched = rest.length;
    rest += text;
    let start = 0;
    for (let end = rest.indexOf('\n', searched); end >= 0; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, rest[end - 1] === '\r' ? end - 1 : end);
      start = end + 1;
      if (line === '') {
        if (data.length > 0) events.push({ event: event === '' ? 'message' : event, data: data.join('\n') });
        event = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
      if (name === 'event') event = value;
      else if (name === 'data') data.push(value);
      else if (name === '' && colon === 0) events.push({ event: COMMENT, data: value });
    }
    rest = rest.slice(start);
    return events;
  };
}
