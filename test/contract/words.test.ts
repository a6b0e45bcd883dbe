import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import ts from 'typescript';
import { isMarkedGenerated, repositoryFiles, ROOT } from '#test/support/repositoryFiles.ts';
import { nodesOf, parseFile } from '#test/support/syntax.ts';

// The names that the code had at 0c81015 and that no engineer of the field would guess. What is named is read from the
// syntax tree: declarations alone, so that a name that a library chose is nobody's mistake.

/** Names that are wrong as a whole; as a part of a longer name they may be right ("filedAt"). */
const names = new Map(
  Object.entries({
    Words: 'RenderedEvent',
    Group: 'RenderGroup, FilterGroup',
    Come: 'PendingBatch',
    Work: 'RenderJob',
    Place: 'StreamPosition',
    comeBack: 'resumeFrom',
    beginning: 'earliest',
    atEnd: 'isAtHead',
    said: 'formField',
    filed: 'contentField',
    shown: 'visibleValue',
    standing: 'currentVersion',
    turnDays: 'publicationCalendar',
    startTurning: 'startPublicationCalendar',
  }),
);
/** Names that are wrong for a function: it does something, or it returns a refusal. */
const functionNames = new Map(
  Object.entries({
    written: 'withCursor',
    give: 'recordRead',
    isDue: 'wakeWebhooks',
    wasMade: 'onExportCreated',
    wasAdded: 'onWatchlistItemAdded',
    hasChanged: 'onCommit',
    listed: 'alreadyListed',
    moved: 'staleState',
  }),
);
/** Words that are wrong in any name. */
const words = new Map(
  Object.entries({
    tell: 'deliver, render',
    tells: 'deliver, render',
    told: 'delivered, rendered',
    telling: 'Delivery',
    crowd: 'RenderGroup',
    door: 'transport; FilingIntake',
    doors: 'transports; FilingIntake',
    desk: 'control subgraph, or the capability',
    workshop: 'SubgraphRuntime',
    office: 'PassportIssuer',
    book: 'Store, Registry',
    bookkeeper: 'systemViewer',
    fate: 'RowResult',
    fates: 'RowResult',
    twin: 'duplicate',
    twins: 'duplicates',
    weighed: 'ReplacementImpact',
    powerless: 'notAuthorised',
    stranger: 'unknownCode',
  }),
);

/** The words of a name: `grantBook`, `GrantBook`, `GRANT_BOOK`, `grant-book`. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/);

/** What a name should have been, or null. */
function betterThan(name: string, isFunction = false): string | null {
  const whole = names.get(name) ?? (isFunction ? functionNames.get(name) : undefined);
  if (whole !== undefined) return whole;
  if (wordsOf(name)[0] === 'most') return 'MAX_CONCURRENT, MAX_PER_ORGANISATION, MAX_PENDING';
  const part = wordsOf(name).find((word) => words.has(word));
  return part === undefined ? null : (words.get(part) as string);
}

/** The names of the schema stay as they are: properties may have them. */
const ofSchema = new Set(
  Object.values(buildSchema(readFileSync(join(ROOT, 'docs/schema.graphql'), 'utf8')).getTypeMap()).flatMap((type) =>
    isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : [],
  ),
);

const isDeclaredProperty = (node: ts.Node): boolean =>
  ts.isPropertySignature(node) ||
  ts.isPropertyDeclaration(node) ||
  ts.isPropertyAssignment(node) ||
  ts.isShorthandPropertyAssignment(node) ||
  ts.isMethodSignature(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isBindingElement(node);

const isOtherDeclaration = (node: ts.Node): boolean =>
  ts.isVariableDeclaration(node) ||
  ts.isParameter(node) ||
  ts.isFunctionDeclaration(node) ||
  ts.isFunctionExpression(node) ||
  ts.isClassDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeParameterDeclaration(node);

const isFunction = (node: ts.Node): boolean => {
  if (ts.isFunctionLike(node)) return true;
  if (ts.isPropertySignature(node) || ts.isParameter(node))
    return node.type !== undefined && ts.isFunctionTypeNode(node.type);
  const { initializer } = node as ts.VariableDeclaration | ts.PropertyAssignment;
  return initializer !== undefined && ts.isFunctionLike(initializer);
};

/** The wrong names that a file declares: `12: told (deliver, render)`. */
const wrongNamesIn = (source: ts.SourceFile): string[] =>
  nodesOf(source).flatMap((node) => {
    const isProperty = isDeclaredProperty(node);
    if (!isProperty && !isOtherDeclaration(node)) return [];
    const { name } = node as ts.NamedDeclaration;
    if (!name || !ts.isIdentifier(name) || (isProperty && ofSchema.has(name.text))) return [];
    const better = betterThan(name.text, isFunction(node));
    const { line } = source.getLineAndCharacterOfPosition(name.getStart());
    return better === null ? [] : [`${line + 1}: ${name.text} (${better})`];
  });

/** The folders and the file of a path, without endings. */
const wrongPath = (file: string): string[] =>
  file.split('/').flatMap((part) => {
    const better = betterThan(part.split('.')[0] as string);
    return better === null ? [] : [`${file} (${better})`];
  });

/** Phrases of comments, descriptions and documents. */
const phrases =
  /\b(?:the asker|askers?|whoever asks|(?:is|are|was|were|be|been) told|(?:is|are|was|were) given out)\b/i;

const isProse = (file: string): boolean => /\.(?:ts|md|graphql|sql|prisma)$/.test(file);
const isOurs = (file: string): boolean =>
  // What is released stays as it was released; this file has the words in order to find them.
  !isMarkedGenerated(file) &&
  !/^(?:prisma\/.*migrations|docs\/releases)\//.test(file) &&
  !file.endsWith('/words.test.ts');

const files = repositoryFiles().filter(isOurs);

test('folders, files and what is declared in them have the names of the field', () => {
  const wrong = files.flatMap((file) => [
    ...wrongPath(file),
    ...(file.endsWith('.ts') ? wrongNamesIn(parseFile(join(ROOT, file))).map((each) => `${file}:${each}`) : []),
  ]);
  expect(wrong).toEqual([]);
});

test('comments, descriptions and documents speak plainly', () => {
  const wrong = files.filter(isProse).flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (phrases.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );
  expect(wrong).toEqual([]);
});

test.each([
  ['const told = 1', ['1: told (delivered, rendered)']],
  ['function isDue() {}', ['1: isDue (wakeWebhooks)']],
  ['const isDue = true', []],
  ['const listed = (): Refusal => refusal', ['1: listed (alreadyListed)']],
  ['const moved = 1; x = { moved: () => 1 }', ['1: moved (staleState)']],
  ['interface GrantBook { standing: 1; told: 2 }', ['1: GrantBook (Store, Registry)', '1: told (delivered, rendered)']],
  ['const { standing, told: delivered } = x; const standing = 1', ['1: standing (currentVersion)']],
  ['const MOST_OF_ONE = 3', ['1: MOST_OF_ONE (MAX_CONCURRENT, MAX_PER_ORGANISATION, MAX_PENDING)']],
  ['x.told(); import { tell } from "y"', []],
] as const)('in `%s` are found %j', (text, found) => {
  expect(wrongNamesIn(parseFile('x.ts', text))).toEqual(found);
});
