// Checks a history of appends and deliveries against what docs/PROTOCOL.md promises (V1 to V9; the numbers are those of
// the published checkers for logs: what was acknowledged is there, what failed is not, everybody agrees on the order;
// V10: no event comes without the content of its record, whatever is broken). Pure: a history in, violations out.

/** An attempt to write one version of one record. */
export interface Append {
  /** Unique in the history, and part of the record's content. */
  readonly token: string;
  readonly subject: string;
  /** In milliseconds of one clock. */
  readonly invoked: number;
  readonly answered: number;
  /** info: nobody knows, such as after a kill. */
  readonly outcome: 'ok' | 'fail' | 'info';
}

/** An event as a subscriber received it. */
export interface Receipt {
  readonly eventId: string;
  readonly subject: string;
  readonly version: number;
  /** Out of the record's content; null when the event came without it. */
  readonly token: string | null;
  /** The number in the log, read out of the cursor. */
  readonly seq: bigint;
}

/** One connection, or one page by page reading, of a subscriber. */
export interface Connection {
  readonly instance: string;
  readonly transport: string;
  /** The place it began at; null: without a cursor. */
  readonly from: bigint | null;
  readonly receipts: readonly Receipt[];
}

export interface SubscriberHistory {
  readonly name: string;
  /** Whether the subscriber is to receive changes of this subject. */
  readonly isEligible: (subject: string) => boolean;
  readonly connections: readonly Connection[];
}

/** What the database holds at the end. */
export interface FinalState {
  readonly head: bigint;
  /** Every number there is in the log, in order. */
  readonly seqs: readonly bigint[];
  /** The version and token that are believed of each subject. */
  readonly records: ReadonlyMap<string, { readonly version: number; readonly token: string }>;
}

export interface History {
  readonly appends: readonly Append[];
  readonly subscribers: readonly SubscriberHistory[];
  readonly final: FinalState;
}

export interface Violation {
  readonly rule: 'V1' | 'V2' | 'V3' | 'V4' | 'V5' | 'V6' | 'V7' | 'V8' | 'V9' | 'V10';
  readonly who: string;
  readonly what: string;
}

/** What the events of all subscribers say together, and what is wrong so far. */
interface Evidence {
  readonly violate: (rule: Violation['rule'], who: string, what: string) => void;
  readonly appendOf: ReadonlyMap<string, Append>;
  /** Content by the id of an event, the event by its number, and the number by the token. */
  readonly contentOf: Map<string, string>;
  readonly eventAt: Map<bigint, string>;
  readonly seqOf: Map<string, bigint>;
}

/** All violations of a history, in no order that means anything. */
export function check({ appends, subscribers, final }: History): Violation[] {
  const violations: Violation[] = [];
  const evidence: Evidence = {
    violate: (rule, who, what) => void violations.push({ rule, who, what }),
    appendOf: new Map(appends.map((append) => [append.token, append])),
    contentOf: new Map(),
    eventAt: new Map(),
    seqOf: new Map(),
  };
  checkNumbers(final, evidence);
  for (const subscriber of subscribers) {
    const received = checkDeliveries(subscriber, evidence);
    checkCompleteness(subscriber, received, { appends, final }, evidence);
  }
  checkOrder(appends, evidence);
  return violations;
}

/** V4: the numbers are 1 to head without a hole. */
function checkNumbers(final: FinalState, { violate }: Evidence): void {
  final.seqs.forEach((seq, index) => {
    if (seq !== BigInt(index + 1)) violate('V4', 'log', `number ${seq} stands at place ${index + 1}`);
  });
  if (final.head !== BigInt(final.seqs.length))
    violate('V4', 'log', `the head is ${final.head}, there are ${final.seqs.length}`);
}

/** What a subscriber has received: by the event's id, and of each subject the newest. */
interface Received {
  readonly events: ReadonlyMap<string, Receipt>;
  readonly newest: ReadonlyMap<string, { readonly version: number; readonly token: string | null }>;
}

/** V2 to V6, V8 and V10: each event that a subscriber received, in its place. */
function checkDeliveries({ name, isEligible, connections }: SubscriberHistory, evidence: Evidence): Received {
  const { violate } = evidence;
  const events = new Map<string, Receipt>();
  const newest = new Map<string, { version: number; token: string | null }>();
  let highest = 0n;
  let lastBegun: bigint | null = null;
  for (const { from, receipts } of connections) {
    // V8: a subscriber never comes back with a place before one that it came back with.
    if (from !== null && lastBegun !== null && from < lastBegun)
      violate('V8', name, `came back at ${from} after ${lastBegun}`);
    lastBegun = from ?? lastBegun;
    let last = from ?? 0n;
    const versions = new Map<string, number>();
    for (const receipt of receipts) {
      const { eventId, subject, version, token, seq } = receipt;
      // V4, V6: within a connection numbers only rise; a repetition comes only from the place at which it began.
      if (seq <= last) violate(events.has(eventId) ? 'V6' : 'V4', name, `number ${seq} after ${last}`);
      if (events.has(eventId) && seq > highest) violate('V6', name, `event ${eventId} again at ${seq}`);
      last = seq > last ? seq : last;
      checkContent(name, receipt, evidence);
      if (!isEligible(subject)) violate('V2', name, `${subject} is not for it`);
      // V5: of one record each version after the one before.
      const before = versions.get(subject);
      if (before !== undefined && version !== before + 1)
        violate('V5', name, `version ${version} of ${subject} after ${before}`);
      versions.set(subject, version);
      events.set(eventId, receipt);
      if (version > (newest.get(subject)?.version ?? 0)) newest.set(subject, { version, token });
    }
    highest = last > highest ? last : highest;
  }
  return { events, newest };
}

/** V2, V3 and V10: one number, one event, one content, which somebody wrote. */
function checkContent(
  name: string,
  { eventId, subject, version, token, seq }: Receipt,
  { violate, appendOf, contentOf, eventAt, seqOf }: Evidence,
): void {
  // V3: one number, one event, one content.
  const content = JSON.stringify([subject, version, token]);
  if ((contentOf.get(eventId) ?? content) !== content)
    violate('V3', name, `event ${eventId} is ${content}, elsewhere ${contentOf.get(eventId)}`);
  contentOf.set(eventId, content);
  if ((eventAt.get(seq) ?? eventId) !== eventId)
    violate('V3', name, `number ${seq} is ${eventId}, elsewhere ${eventAt.get(seq)}`);
  eventAt.set(seq, eventId);
  // V10: what is sent has its content. Whoever applies it holds the record without it, and comes back after it.
  if (token === null) violate('V10', name, `event ${eventId} of ${subject} came without its content at ${seq}`);
  else {
    if ((seqOf.get(token) ?? seq) !== seq)
      violate('V3', name, `${token} is number ${seq}, elsewhere ${seqOf.get(token)}`);
    seqOf.set(token, seq);
    // V2: nothing that was rolled back, and nothing that nobody wrote.
    const append = appendOf.get(token);
    if (!append || append.outcome === 'fail')
      violate('V2', name, `${token} was ${append ? 'rolled back' : 'never written'}`);
  }
}

/** V1 and V9: what was received is all that there is. */
function checkCompleteness(
  { name, isEligible }: SubscriberHistory,
  { events, newest }: Received,
  { appends, final }: Pick<History, 'appends' | 'final'>,
  { violate }: Evidence,
): void {
  // V1: everything that was acknowledged, and everything that the log has, was received.
  const tokens = new Set([...events.values()].map(({ token }) => token));
  for (const { token, subject, outcome } of appends)
    if (outcome === 'ok' && isEligible(subject) && !tokens.has(token))
      violate('V1', name, `${token} was acknowledged and not received`);
  // V9: what was received, put together, is the state.
  for (const [subject, { version, token }] of final.records) {
    if (!isEligible(subject)) continue;
    const mine = newest.get(subject);
    if (mine?.version !== version || mine.token !== token)
      violate('V9', name, `${subject} is version ${version} ${token}, received ${mine?.version} ${mine?.token}`);
  }
}

/** V7: what was acknowledged before another was begun stands before it. */
function checkOrder(appends: readonly Append[], { violate, seqOf }: Evidence): void {
  for (const ofSubject of Map.groupBy(
    appends.filter(({ outcome, token }) => outcome === 'ok' && seqOf.has(token)),
    ({ subject }) => subject,
  ).values()) {
    const inOrder = ofSubject.toSorted((a, b) => a.answered - b.answered);
    for (const later of inOrder) {
      for (const earlier of inOrder) {
        if (earlier.answered >= later.invoked) break;
        if ((seqOf.get(earlier.token) as bigint) > (seqOf.get(later.token) as bigint))
          violate(
            'V7',
            'log',
            `${earlier.token} was acknowledged before ${later.token} was begun, and stands after it`,
          );
      }
    }
  }
}
