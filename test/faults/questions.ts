import {
  actsOf,
  codeOf,
  ENTITIES,
  entriesOf,
  gradeOf,
  nameOf,
  PUBLIC,
  publicListings,
  type Tenant,
  tenants,
  UNKNOWN_CODE,
} from './fixtures.ts';

// What the clients of a load ask, and what is answered to each of them when nothing is broken.

/** One thing that a client asks, and `data` of the answer when nothing is broken. */
export interface Question {
  readonly kind: string;
  readonly who: Tenant;
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
  /** Whether a code is in it that nobody has. */
  readonly asksUnknown?: boolean;
}

const FILE = `query ($uscc: USCC!) {
  creditFile(uscc: $uscc) {
    uscc entity { name }
    administrativeActs(first: 5) { nodes { documentNo } }
    nameListEntries(first: 5) { nodes { grounds } }
    evaluations { grade }
  }
}`;
const fileOf = (entity: number, who: Tenant): Record<string, unknown> => ({
  uscc: codeOf(entity),
  entity: { name: nameOf(entity) },
  administrativeActs: { nodes: actsOf(entity, who) },
  nameListEntries: { nodes: entriesOf(entity, who) },
  evaluations: [{ grade: gradeOf(entity) }],
});

const some = (number: number): number => (number * 7919) % ENTITIES;
const tenantOf = (number: number): Tenant => tenants[number % tenants.length] as Tenant; // there are some

/** A whole credit file. */
export const file = (number: number): Question => {
  const who = tenantOf(number);
  return {
    kind: 'file',
    who,
    query: FILE,
    variables: { uscc: codeOf(some(number)) },
    expected: { creditFile: fileOf(some(number), who) },
  };
};

/** Eight files and entities at once, and a code that nobody has. */
export const batch = (number: number): Question => {
  const who = tenantOf(number);
  const entities = Array.from({ length: 8 }, (_, index) => some(number * 8 + index));
  return {
    kind: 'batch',
    who,
    asksUnknown: true,
    query: `query ($codes: [String!]!, $more: [String!]!) {
      creditFiles(codes: $codes) {
        input
        file { uscc entity { name } administrativeActs(first: 5) { nodes { documentNo } } }
      }
      entities(codes: $more) { input status entity { name } }
    }`,
    variables: { codes: entities.map(codeOf), more: [...entities.map(codeOf), UNKNOWN_CODE] },
    expected: {
      creditFiles: entities.map((entity) => ({
        input: codeOf(entity),
        file: {
          uscc: codeOf(entity),
          entity: { name: nameOf(entity) },
          administrativeActs: { nodes: actsOf(entity, who) },
        },
      })),
      entities: [
        ...entities.map((entity) => ({ input: codeOf(entity), status: 'FOUND', entity: { name: nameOf(entity) } })),
        { input: UNKNOWN_CODE, status: 'UNKNOWN', entity: null },
      ],
    },
  };
};

/** A search by the beginning of a name. */
export const search = (number: number): Question => ({
  kind: 'search',
  who: PUBLIC,
  query: 'query ($name: String!) { searchEntities(query: $name, first: 1) { nodes { uscc name } } }',
  variables: { name: nameOf(some(number)).slice(0, 9) },
  expected: { searchEntities: { nodes: [{ uscc: codeOf(some(number)), name: nameOf(some(number)) }] } },
});

/** The first entries of a list in one province. */
export const list = (number: number): Question => {
  const province = number % 2 === 0 ? '33' : '44';
  return {
    kind: 'list',
    who: PUBLIC,
    query: `query ($province: String!) {
      nameListEntries(filter: { types: ["ABNORMAL_OPERATION"], province: $province }, first: 5) {
        nodes { grounds subject { uscc name } }
      }
    }`,
    variables: { province },
    expected: { nameListEntries: { nodes: publicListings(province, 5) } },
  };
};

/** A text that nobody has sent before, and that has to be planned. */
const newText = (number: number, run: number): Question => {
  const who = tenantOf(number);
  const entity = some(number);
  const name = `f${run}_${number}`;
  const parts: [string, string, unknown][] = [
    ['entity', `e${number}: entity { n${number}: name }`, { [`e${number}`]: { [`n${number}`]: nameOf(entity) } }],
    [
      'acts',
      `a${number}: administrativeActs(first: 5) { nodes { d${number}: documentNo } }`,
      { [`a${number}`]: { nodes: actsOf(entity, who).map(({ documentNo }) => ({ [`d${number}`]: documentNo })) } },
    ],
    [
      'entries',
      `l${number}: nameListEntries(first: 5) { nodes { grounds } }`,
      { [`l${number}`]: { nodes: entriesOf(entity, who) } },
    ],
    ['evaluations', `v${number}: evaluations { grade }`, { [`v${number}`]: [{ grade: gradeOf(entity) }] }],
  ];
  const chosen = parts.filter((_, index) => (number + 1) & (1 << index) || index === number % 4);
  return {
    kind: 'new text',
    who,
    query: `query Q${name} {
      ${name}: creditFile(uscc: "${codeOf(entity)}") { uscc ${chosen.map(([, text]) => text).join(' ')} }
    }`,
    expected: { [name]: Object.assign({ uscc: codeOf(entity) }, ...chosen.map(([, , data]) => data)) },
  };
};

/** Of ten requests, in turn. */
export const MIX: readonly ((number: number, run: number) => Question)[] = [
  file,
  newText,
  batch,
  file,
  list,
  newText,
  search,
  file,
  newText,
  file,
];
