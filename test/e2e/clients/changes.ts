/** What the recipes ask for. `$after` is declared, so that a client can come back with its cursor. */
export const CHANGES = /* GraphQL */ `
  subscription Changes($filter: NameListChangeFilter!, $after: Cursor) {
    nameListChanges(filter: $filter, after: $after) {
      __typename
      ... on NameListChange { id cursor kind documentNo entry { grounds state } }
      ... on Checkpoint { cursor lagSeconds }
      ... on CursorExpired { oldest message }
    }
  }
`;

/** An answer as every recipe hands it on. `extensions.cursor` is the place after it. */
export interface Message {
  readonly data?: { readonly nameListChanges?: Event | null } | null;
  readonly errors?: readonly unknown[];
  readonly extensions?: { readonly cursor?: string };
}

export interface Event {
  readonly __typename: string;
  readonly id?: string;
  readonly documentNo?: string;
  readonly entry?: { readonly grounds: string } | null;
}

export interface Following {
  readonly url: string;
  /** Left out: `CHANGES`, with `VARIABLES`. */
  readonly query?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Asked before each connection: a token lasts for an hour at most. Null: the public. */
  readonly token: () => string | null;
  readonly apply: (message: Message) => void;
  /** It ended for good: finished, or nothing that trying again would mend. */
  readonly ended: (error: unknown) => void;
}

export const VARIABLES = { filter: {} };
