import { join } from 'node:path';
import ts from 'typescript';
import { isMarkedGenerated, repositoryFiles, ROOT } from '#test/support/repositoryFiles.ts';
import { nodesOf, parseFile, textOf } from '#test/support/syntax.ts';

// What a folder gives to others says what it is: each exported function, and each public method of an exported class,
// has a doc comment that is more than its name, and names under @throws what its own body throws.

const FOLDERS = /^(?:records|kit|policy|standards|client)\//;

/** A function that others can call, with the declarations that may carry its comment (overloads have several). */
interface ExportedFunction {
  readonly name: string;
  readonly commented: readonly ts.Node[];
  readonly body: ts.Node | undefined;
  readonly at: number;
}

const isHidden = (node: ts.HasModifiers): boolean =>
  ts
    .getModifiers(node)
    ?.some(({ kind }) => [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword].includes(kind)) ?? false;

const isExportedAtOnce = (node: ts.HasModifiers): boolean =>
  ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;

/** The names that `export { … }` of this file makes known, as they are called inside of it. */
const exportedLater = (source: ts.SourceFile): ReadonlySet<string> =>
  new Set(
    source.statements.flatMap((statement) =>
      ts.isExportDeclaration(statement) &&
      !statement.moduleSpecifier &&
      statement.exportClause &&
      ts.isNamedExports(statement.exportClause)
        ? statement.exportClause.elements.map(({ propertyName, name }) => (propertyName ?? name).text)
        : [],
    ),
  );

/** The function that an expression is, within brackets, `as` and `satisfies`; null where it is another value. */
function functionOf(expression: ts.Expression | undefined): ts.ArrowFunction | ts.FunctionExpression | null {
  if (!expression) return null;
  if (ts.isArrowFunction(expression) || ts.isFunctionExpression(expression)) return expression;
  return ts.isParenthesizedExpression(expression) ||
    ts.isAsExpression(expression) ||
    ts.isSatisfiesExpression(expression)
    ? functionOf(expression.expression)
    : null;
}

/** Members whose name is an identifier: a name such as [Symbol.dispose] says all that there is. */
const methodsOf = (declaration: ts.ClassDeclaration): ExportedFunction[] => {
  const methods = declaration.members.filter(
    (member): member is ts.MethodDeclaration =>
      ts.isMethodDeclaration(member) && ts.isIdentifier(member.name) && !isHidden(member),
  );
  return [...Map.groupBy(methods, ({ name }) => name.getText())].map(([name, overloads]) => ({
    name: `${declaration.name?.text ?? 'default'}.${name}`,
    commented: overloads,
    body: overloads.find(({ body }) => body)?.body,
    at: overloads[0]?.getStart() ?? 0,
  }));
};

function exportedFunctions(source: ts.SourceFile): ExportedFunction[] {
  const later = exportedLater(source);
  const isExported = (node: ts.HasModifiers, name: string | undefined): boolean =>
    isExportedAtOnce(node) || (name !== undefined && later.has(name));
  const declared = source.statements.filter(
    (statement): statement is ts.FunctionDeclaration =>
      ts.isFunctionDeclaration(statement) && isExported(statement, statement.name?.text),
  );
  const functions = [...Map.groupBy(declared, ({ name }) => name?.text ?? 'default')].map(([name, overloads]) => ({
    name,
    commented: overloads,
    body: overloads.find(({ body }) => body)?.body,
    at: overloads[0]?.getStart() ?? 0,
  }));
  const others = source.statements.flatMap((statement): ExportedFunction[] => {
    if (ts.isClassDeclaration(statement))
      return isExported(statement, statement.name?.text) ? methodsOf(statement) : [];
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.flatMap(({ name, initializer }) => {
      const found = functionOf(initializer);
      if (!found || !ts.isIdentifier(name) || !isExported(statement, name.text)) return [];
      return { name: name.text, commented: [statement], body: found.body, at: name.getStart() };
    });
  });
  return [...functions, ...others];
}

/** The text of the doc comment, without its stars; empty where there is none. */
const commentOf = ({ commented }: ExportedFunction): string =>
  commented
    .flatMap((node) => ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1))
    .map((comment) => comment.getText().replaceAll(/^\/\*\*|\*\/$|^\s*\*/gm, ''))
    .join('\n')
    .trim();

/** Words that say nothing about one function rather than another. */
const EMPTY_WORDS = new Set(
  (
    'a an and are as at be by does for from has in into is it its of on or that the this to whether which with ' +
    'creates function get gets given makes new param return returns set sets'
  ).split(' '),
);

const stemOf = (word: string): string => word.replace(/(?:ings?|ies|ers?|ors?|ed|es|s|e|y)$/, '');
const wordsOf = (text: string): string[] =>
  text
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{Letter}\d]+/u)
    .filter(Boolean);

/** Whether a comment says at least three words that do not stand in the name already. */
function isMoreThanName(comment: string, name: string): boolean {
  const known = new Set(wordsOf(name).map(stemOf));
  const more = wordsOf(comment).filter((word) => !EMPTY_WORDS.has(word) && !known.has(stemOf(word)));
  return new Set(more).size >= 3;
}

/** The nodes of a function's own body: those of functions inside of it are left out. */
function ownNodesOf(body: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
    nodes.push(node);
    node.forEachChild(visit);
  };
  visit(body);
  return nodes;
}

/** Whether what is thrown here is caught in the same function; what its `catch` throws is seen for itself. */
function isCaught(node: ts.Node, body: ts.Node): boolean {
  for (let inner = node; inner !== body; inner = inner.parent)
    if (ts.isTryStatement(inner.parent) && inner.parent.catchClause && inner.parent.tryBlock === inner) return true;
  return false;
}

/** The functions that a body declares for itself, by name. */
const innerFunctions = (body: ts.Node): ReadonlyMap<string, ts.Node> =>
  new Map(
    nodesOf(body).flatMap((node): [string, ts.Node][] => {
      if (ts.isFunctionDeclaration(node)) return node.name && node.body ? [[node.name.text, node.body]] : [];
      const found = ts.isVariableDeclaration(node) ? functionOf(node.initializer) : null;
      return found && ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)
        ? [[node.name.text, found.body]]
        : [];
    }),
  );

/** What the function throws itself, or by an inner function that it calls; not what one throws that it hands on. */
function thrownBy(body: ts.Node | undefined): ts.Expression[] {
  if (!body) return [];
  const inner = innerFunctions(body);
  const bodies = new Set([body]);
  const thrown: ts.Expression[] = [];
  for (const each of bodies)
    for (const node of ownNodesOf(each)) {
      if (ts.isThrowStatement(node) && !isCaught(node, each)) thrown.push(node.expression);
      const called = ts.isCallExpression(node) && ts.isIdentifier(node.expression) && inner.get(node.expression.text);
      if (called) bodies.add(called);
    }
  return thrown;
}

/** The codes of what the makers of kit/errors.ts and kit/text.ts return: a GraphQLError is known by its code. */
const CODES: Readonly<Record<string, string>> = {
  badInput: 'BAD_USER_INPUT',
  badText: 'BAD_USER_INPUT',
  notFound: 'NOT_FOUND',
};

/** The class that is thrown, or the code of a client's error; null where the syntax does not say. */
function nameOfThrown(expression: ts.Expression): string | null {
  if (ts.isNewExpression(expression)) return expression.expression.getText().split('.').at(-1) ?? null;
  if (!ts.isCallExpression(expression)) return null;
  const maker = expression.expression.getText();
  const [code] = expression.arguments;
  return maker === 'clientError' && code ? textOf(code) : (CODES[maker] ?? null);
}

/** The texts of all @throws. */
const throwsOf = (comment: string): string =>
  [...comment.matchAll(/@throws\b([^]*?)(?=\s@[a-z]|$)/g)].map(([, text]) => text).join('\n');

function problemsOf(each: ExportedFunction): string[] {
  const comment = commentOf(each);
  if (comment === '') return ['has no doc comment'];
  const problems = isMoreThanName(comment, each.name) ? [] : ['has a comment that says no more than its name'];
  const throws = throwsOf(comment);
  const thrown = thrownBy(each.body);
  if (thrown.length > 0 && !/^\s*\{?[A-Z]/.test(throws)) return [...problems, 'throws, and has no @throws with a name'];
  const unnamed = new Set(
    thrown
      .flatMap((expression) => nameOfThrown(expression) ?? [])
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(throws)),
  );
  return [...problems, ...[...unnamed].map((name) => `throws ${name}, which @throws does not name`)];
}

/** What is missing in a file: `12: createPager has no doc comment`. */
const undocumentedIn = (source: ts.SourceFile): string[] =>
  exportedFunctions(source).flatMap((each) => {
    const { line } = source.getLineAndCharacterOfPosition(each.at);
    return problemsOf(each).map((problem) => `${line + 1}: ${each.name} ${problem}`);
  });

test('exported functions say what they return, in what unit, and what they throw', () => {
  const files = repositoryFiles().filter(
    (file) => FOLDERS.test(file) && file.endsWith('.ts') && !file.endsWith('.test.ts') && !isMarkedGenerated(file),
  );
  expect(files.length).toBeGreaterThan(120);
  const missing = files.flatMap((file) => undocumentedIn(parseFile(join(ROOT, file))).map((each) => `${file}:${each}`));
  expect(missing).toEqual([]);
});

const NONE = 'has no doc comment';
const NAME = 'has a comment that says no more than its name';
const UNNAMED = 'throws, and has no @throws with a name';

test.each([
  ['export function open() {}', [`1: open ${NONE}`]],
  ['export default function () {}', [`1: default ${NONE}`]],
  ['export async function* rows() {}', [`1: rows ${NONE}`]],
  ['export const open = () => {}', [`1: open ${NONE}`]],
  ['export const open = function () {}', [`1: open ${NONE}`]],
  ['export const open = (() => {}) satisfies Open', [`1: open ${NONE}`]],
  [
    'const open = () => {};\nfunction close() {}\nexport { open, close as end }',
    [`2: close ${NONE}`, `1: open ${NONE}`],
  ],
  ['// Opens the log file of today.\nexport function open() {}', [`2: open ${NONE}`]],
  ['/* Opens the log file of today. */ export const open = () => {}', [`1: open ${NONE}`]],
  ['export class Log { write() {} static open() {} }', [`1: Log.write ${NONE}`, `1: Log.open ${NONE}`]],
  ['/** Creates the line writer. */\nexport function createLineWriter() {}', [`2: createLineWriter ${NAME}`]],
  ['/** Parses rows. @param rows */\nexport const parseRow = (rows: string) => rows', [`2: parseRow ${NAME}`]],
  ['/** Opens the log file of today. */\nexport function open() { throw new Full(); }', [`2: open ${UNNAMED}`]],
  [
    '/** Opens the log file of today. @throws when the disk is full */\nexport function open() { throw new Full(); }',
    [`2: open ${UNNAMED}`],
  ],
  [
    '/** Opens the log file of today. @throws Error */\nexport const open = () => { if (a) { throw new Full(); } }',
    ['2: open throws Full, which @throws does not name'],
  ],
  [
    '/** Opens the log file of today. @throws Full */\nexport async function open() { throw new a.Gone(); }',
    ['2: open throws Gone, which @throws does not name'],
  ],
  [
    '/** Reads one code of a list. @throws GraphQLError */\nexport function read() { throw clientError("NOT_FOUND"); }',
    ['2: read throws NOT_FOUND, which @throws does not name'],
  ],
  [
    '/** Reads one code of a list. @throws NOT_FOUND */\nexport function read() { throw badInput("first", "x", "y"); }',
    ['2: read throws BAD_USER_INPUT, which @throws does not name'],
  ],
  [
    '/** Opens the log file of today. */\nexport function open() { try { a(); } catch (error) { throw error; } }',
    [`2: open ${UNNAMED}`],
  ],
  [
    '/** Opens the log file of today. */\nexport function open() { const fail = () => { throw new Full(); }; fail(); }',
    [`2: open ${UNNAMED}`],
  ],
  [
    'export class Log {\n  /** Appends a line to the file at once. */\n  write() { throw new Full(); }\n}',
    [`3: Log.write ${UNNAMED}`],
  ],
])('in `%s` are found %j', (text, found) => {
  expect(undocumentedIn(parseFile('x.ts', text))).toEqual(found);
});

test.each([
  'function open() {}\nconst close = () => { throw new Full(); }',
  'export const limit = 3;\nexport const codes = createCodes();\nexport type Open = () => void',
  'class Log { write() {} }',
  'export class Log { private write() {} #flush() {} constructor() {} [Symbol.dispose]() {} }',
  '/** Opens the log file, in bytes. */\nexport function open() {}',
  '/** Opens the log file, in bytes. */\nexport const open = () => {}',
  '/** Opens the log file, in bytes. */\nexport function open(a: 1): 1;\nexport function open() {}',
  '/** Opens the log file, in bytes. */\nconst open = () => {};\nexport { open }',
  '/** Opens the log file of today.\n * @throws Full or not\n */\nexport function open() { throw new Full(); }',
  '/** Opens the log file. @throws {Full} @returns bytes */\nexport function open() { throw new Full(); }',
  '/** Reads one code of a list. @throws NOT_FOUND */\nexport function read() { throw clientError("NOT_FOUND"); }',
  '/** Reads one code of a list. @throws BAD_USER_INPUT */\nexport function read() { throw badInput("a", "B", "c"); }',
  '/** Reads the log file, in bytes. */\nexport function read() { try { throw new Full(); } catch { return 0; } }',
  '/** Opens the log file, in bytes. */\nexport function open() { return () => { throw new Full(); }; }',
  '/** Opens the log file, in bytes. */\nexport function open() { return { write() { throw new Full(); } }; }',
  '/** Opens the log file, in bytes. */\nexport function open() { files.map(() => { throw new Full(); }); }',
  '/** Opens the log file, in bytes. */\nexport function open() { const a = () => { throw new Full(); }; return a; }',
  'export class Log {\n  /** Appends a line to the file at once. @throws Full */\n  write() { throw new Full(); }\n}',
])('in `%s` is nothing missing', (text) => {
  expect(undocumentedIn(parseFile('x.ts', text))).toEqual([]);
});
