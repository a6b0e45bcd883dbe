import { strangeCanaries, type Tenant } from './fixtures.ts';

// Whether an answer may be given while something is broken: right, or null with an error that says what was not
// answered.

export interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

export type Verdict =
  { readonly outcome: 'right' | 'partial' | 'refused' } | { readonly outcome: 'wrong'; readonly what: string };

interface ErrorShape {
  readonly message?: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}
interface Missing {
  readonly source: string;
  readonly paths: readonly string[];
}
interface Body {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly ErrorShape[];
  readonly extensions?: { readonly completeness?: { readonly status?: string; readonly missing?: readonly Missing[] } };
}

/** What a fault may be answered with; each of them may be asked again. */
const HONEST: ReadonlySet<unknown> = new Set(['SUBGRAPH_UNAVAILABLE', 'DEADLINE', 'RATE_LIMITED']);
const INSIDE = /127\.0\.0\.1|ECONN|select |\.ts\b|node_modules|at \w+ \(|stack/;

export interface Allowance {
  /** A code that nobody has is asked for, of which the answer may say so in an error. */
  readonly asksUnknown?: boolean | undefined;
  /** The planner is what is broken: callers that waited for a plan are answered that there is none. */
  readonly mayFailPlanning?: boolean | undefined;
}

/** @param expected `data` as it is when nothing is broken */
export function judge(
  { status, retryAfter, text }: Answered,
  expected: Readonly<Record<string, unknown>>,
  who: Tenant,
  { asksUnknown, mayFailPlanning }: Allowance = {},
): Verdict {
  const wrong = (what: string): Verdict => ({ outcome: 'wrong', what });
  const strange = strangeCanaries(text, who);
  if (strange.length > 0) return wrong(`another tenant's value: ${strange.join(' ')}`);
  if (INSIDE.test(text)) return wrong(`something of the inside shows: ${INSIDE.exec(text)?.[0]}`);
  let body: Body;
  try {
    body = JSON.parse(text) as Body;
  } catch {
    return wrong(`status ${status} and no JSON: ${text.slice(0, 80)}`);
  }
  const errors = (body.errors ?? []).filter(
    ({ extensions }) => !(asksUnknown === true && extensions?.['code'] === 'NOT_FOUND'),
  );
  if (
    mayFailPlanning &&
    errors.length === 1 &&
    !body.data &&
    errors[0]?.extensions?.['code'] === 'QUERY_PLANNING_FAILED'
  )
    return { outcome: 'refused' };
  for (const { extensions, message } of errors) {
    const { code, retryable } = extensions ?? {};
    if (!HONEST.has(code)) return wrong(`status ${status}, code ${String(code)}: ${message}`);
    if (code !== 'RATE_LIMITED' && retryable !== true) return wrong(`${String(code)} without retryable`);
  }
  if (body.data === undefined || body.data === null) {
    if (errors.length === 0) return wrong(`status ${status} and neither data nor errors`);
    if (status === 503 || status === 429)
      return retryAfter === null ? wrong(`status ${status} without retry-after`) : { outcome: 'refused' };
    return status === 200
      ? { outcome: 'refused' }
      : wrong(`status ${status} with ${String(errors[0]?.extensions?.['code'])}`);
  }
  if (status !== 200) return wrong(`status ${status} with data`);
  const nulls: string[][] = [];
  const difference = compare(body.data, expected, [], nulls);
  if (difference) return wrong(difference);
  const completeness = body.extensions?.completeness;
  if (nulls.length === 0 && errors.length === 0)
    return completeness?.status === 'COMPLETE'
      ? { outcome: 'right' }
      : wrong(`everything is there, and it is ${completeness?.status}`);
  for (const path of nulls) {
    const error = errors.find((each) => each.path !== undefined && covers(each.path.map(String), path));
    if (!error) return wrong(`null without an error at ${shape(path)}`);
    if (completeness?.status !== 'PARTIAL') return wrong(`null at ${shape(path)} and ${completeness?.status}`);
    const { source } = error.extensions ?? {};
    const named = completeness.missing?.some(
      (each) =>
        (source === undefined || each.source === source) &&
        each.paths.some((missing) => covers(missing.split('.'), path)),
    );
    if (!named)
      return wrong(
        `missing does not name ${shape(path)} of ${String(source)}: ${JSON.stringify(completeness.missing)}`,
      );
  }
  return { outcome: 'partial' };
}

/** Notes what is null and should not be. @returns what is otherwise different, or null */
function compare(actual: unknown, expected: unknown, path: string[], nulls: string[][]): string | null {
  if (actual === null && expected !== null) {
    nulls.push(path);
    return null;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${shape(path)} is no list`;
    if (actual.length !== expected.length)
      return `${shape(path)} has ${actual.length} items in place of ${expected.length}`;
    return first(expected.map((item, index) => () => compare(actual[index], item, [...path, String(index)], nulls)));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof actual !== 'object' || actual === null) return `${shape(path)} is no object`;
    const { status } = expected as { status?: unknown };
    // A lookup says in its status that it could not look; what it would have found is null then.
    const couldNotLook = status !== undefined && (actual as { status?: unknown }).status === 'UNAVAILABLE';
    return first(
      Object.entries(expected).map(([name, value]) => () => {
        if (couldNotLook && name === 'status') return null;
        return compare((actual as Record<string, unknown>)[name], value, [...path, name], nulls);
      }),
    );
  }
  return Object.is(actual, expected)
    ? null
    : `${shape(path)} is ${JSON.stringify(actual)} in place of ${JSON.stringify(expected)}`;
}

function first(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const found = check();
    if (found !== null) return found;
  }
  return null;
}

/** Whether what is said of `outer` (with `@` for any item of a list) explains `inner`. */
const covers = (outer: readonly string[], inner: readonly string[]): boolean => {
  const names = inner.filter((step) => !/^\d+$/.test(step));
  const outerNames = outer.filter((step) => !/^(?:\d+|@)$/.test(step));
  return (
    outerNames.every((step, index) => names[index] === step) ||
    (outerNames.length > names.length && names.every((step, index) => outerNames[index] === step))
  );
};

const shape = (path: readonly string[]): string => path.map((step) => (/^\d+$/.test(step) ? '@' : step)).join('.');
