import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { nodesOf, textOf } from './syntax.ts';

// Which codes and reasons the product can give. They are read from its syntax trees and types: from every object that
// carries one, back through the parameters that it comes from, to the texts that callers pass.

/** Where clients meet a word. A reason belongs to the code of its error; `mutation` and `row` are codes of results. */
export type Family =
  'error' | 'mutation' | 'row' | 'reason of UNAUTHENTICATED' | 'reason of RATE_LIMITED' | 'reason of BAD_USER_INPUT';

export interface GivenCodes {
  /** Of each family its words, each with the place that gives it first: `file:line`. */
  readonly words: ReadonlyMap<Family, ReadonlyMap<string, string>>;
  /** Objects of no known kind, and values that are neither texts nor what another object has: `file:line: text`. */
  readonly unread: readonly string[];
}

/** A word for clients. What else is called `code` or `reason` (of a standard, of Node) is written otherwise. */
const WORD = /^[A-Z][A-Z0-9_]+$/;

/** What is read, and what has been found so far. */
interface Reader {
  readonly root: string;
  readonly checker: ts.TypeChecker;
  /** `file:line` */
  readonly placeOf: (node: ts.Node) => string;
  readonly callsOf: CallIndex;
  readonly words: Map<Family, Map<string, string>>;
  readonly unread: Set<string>;
}

/**
 * @param root of the repository
 * @param others files in place of the product's own, for examples: the text of each by its path from the root
 */
export function readGivenCodes(root: string, others?: ReadonlyMap<string, string>): GivenCodes {
  const files =
    others === undefined
      ? globSync('{kit,gateway,subgraphs,policy,standards,records}/**/*.ts', { cwd: root }).filter(
          (file) => !/\.test\.ts$|\.generated\.ts$/.test(file),
        )
      : [...others.keys()];
  const program = programOf(root, files, others);
  const sources = files.flatMap((file) => program.getSourceFile(join(root, file)) ?? []);
  if (sources.length !== files.length) throw new Error('A file of the product could not be read');
  const checker = program.getTypeChecker();
  const placeOf = (node: ts.Node): string => {
    const source = node.getSourceFile();
    return `${relative(root, source.fileName)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  };

  const all = sources.flatMap((source) => nodesOf(source));
  const reader: Reader = {
    root,
    checker,
    placeOf,
    callsOf: indexCalls(all, checker),
    words: new Map(),
    unread: new Set(),
  };
  for (const literal of all.filter(ts.isObjectLiteralExpression)) readObject(reader, literal);
  // error.extensions['code'] = 'X'
  for (const node of all)
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken)
      if (isNamed(node.left, 'code') && valuesOf(reader, node.right).some(([word]) => WORD.test(word)))
        reader.unread.add(`${reader.placeOf(node)}: ${node.getText()}`);
  return { words: reader.words, unread: [...reader.unread].toSorted() };
}

/** The files with their types, those of packages left out. */
function programOf(
  root: string,
  files: readonly string[],
  others: ReadonlyMap<string, string> | undefined,
): ts.Program {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root);
  const host = ts.createCompilerHost(options, true);
  return ts.createProgram(
    files.map((file) => join(root, file)),
    // The words are ours, so the types of packages are not needed, and would take most of the time.
    { ...options, types: [] },
    {
      ...host,
      resolveModuleNameLiterals: (names, from, redirected, resolved) =>
        names.map(({ text }) =>
          /^[#.]/.test(text)
            ? ts.resolveModuleName(text, from, resolved, host, undefined, redirected, ts.ModuleKind.ESNext)
            : { resolvedModule: undefined },
        ),
      getSourceFile: (path, language, ...rest) => {
        const text = others?.get(relative(root, path));
        return text === undefined
          ? host.getSourceFile(path, language, ...rest)
          : ts.createSourceFile(path, text, language, true);
      },
    },
  );
}

type Call = ts.CallExpression | ts.NewExpression;
/** The calls of a function: of itself, and of the type that it was written for. */
type CallIndex = (owner: ts.SignatureDeclaration) => Call[];

// Which calls a parameter's values come from. To resolve every call is to check the types of the whole product, so
// only those are resolved that have the function's name, or, of a function without one, a word among their arguments.
function indexCalls(all: readonly ts.Node[], checker: ts.TypeChecker): CallIndex {
  const everyCall = all.filter((node): node is Call => ts.isCallExpression(node) || ts.isNewExpression(node));
  const callsByName = Map.groupBy(everyCall, ({ expression }) => lastNameOf(expression));
  const callsWithWord = everyCall.filter((call) =>
    call.arguments?.some((each) => [each, ...nodesOf(each)].some((node) => WORD.test(textOf(node) ?? ''))),
  );
  const declarations = new Map<Call, ts.Node | undefined>();
  const isCallOf = (call: Call, declaration: ts.Node): boolean => {
    if (!declarations.has(call)) declarations.set(call, checker.getResolvedSignature(call)?.declaration);
    return declarations.get(call) === declaration;
  };
  return (owner) => {
    const own = (callsByName.get(nameOf(owner)) ?? []).filter((call) => isCallOf(call, owner));
    if (!ts.isArrowFunction(owner) && !ts.isFunctionExpression(owner)) return own;
    const asked = checker.getContextualType(owner)?.getCallSignatures() ?? [];
    return [
      ...own,
      ...asked.flatMap(({ declaration }) =>
        declaration ? callsWithWord.filter((call) => isCallOf(call, declaration)) : [],
      ),
    ];
  };
}

/** The texts that an expression can have, each with the place where it is written. */
function valuesOf(
  reader: Reader,
  given: ts.Expression,
  seen: ReadonlySet<ts.Node> = new Set(),
): [text: string, place: string][] {
  const node = innerOf(given);
  if (seen.has(node)) return [];
  const within = new Set([...seen, node]);
  const text = textOf(node);
  if (text !== null) return [[text, reader.placeOf(node)]];
  if (ts.isConditionalExpression(node))
    return [...valuesOf(reader, node.whenTrue, within), ...valuesOf(reader, node.whenFalse, within)];
  if (ts.isBinaryExpression(node))
    return [...valuesOf(reader, node.left, within), ...valuesOf(reader, node.right, within)];
  // What another object has under this name is read where that object is made.
  if (isNamed(node, 'code')) return [];
  const declaration = ts.isIdentifier(node) ? declarationOf(reader.checker, node) : undefined;
  if (declaration && ts.isParameter(declaration) && ts.isIdentifier(declaration.name)) {
    const position = declaration.parent.parameters.indexOf(declaration);
    const passed = reader.callsOf(declaration.parent).flatMap((call) => call.arguments?.[position] ?? []);
    return [...passed, ...(declaration.initializer ? [declaration.initializer] : [])].flatMap((each) =>
      valuesOf(reader, each, within),
    );
  }
  const type = reader.checker.getTypeAtLocation(node);
  const parts = (type.isUnion() ? type.types : [type]).filter(
    ({ flags }) => !(flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined | ts.TypeFlags.NumberLike)),
  );
  if (parts.every((part) => part.isStringLiteral())) return parts.map((part) => [part.value, reader.placeOf(node)]);
  if (isNamed(node, 'reason') || (declaration && isForwarded(declaration))) return [];
  if (declaration && ts.isVariableDeclaration(declaration) && declaration.initializer)
    return valuesOf(reader, declaration.initializer, within);
  reader.unread.add(`${reader.placeOf(node)}: ${node.getText()}`);
  return [];
}

function declarationOf(checker: ts.TypeChecker, node: ts.Identifier): ts.Declaration | undefined {
  const symbol =
    ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node);
  const meant = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return meant?.valueDeclaration;
}

/** Notes the words that an expression can have, in each family. */
function addWords(reader: Reader, families: readonly Family[], value: ts.Expression): void {
  if (families.length === 0) return;
  for (const [word, place] of valuesOf(reader, value))
    if (WORD.test(word))
      for (const family of families) {
        const known = reader.words.get(family) ?? new Map<string, string>();
        reader.words.set(family, known.has(word) ? known : known.set(word, place));
      }
}

/** The codes of the error that a reason belongs to: in the same object, or as another argument of the same call. */
function codesBeside(reader: Reader, literal: ts.ObjectLiteralExpression): string[] {
  const beside = valueOf(literal, 'code');
  if (beside) return valuesOf(reader, beside).map(([word]) => word);
  const call = outerOf(literal);
  return ts.isCallExpression(call)
    ? call.arguments.flatMap((each) => (each === literal ? [] : (textOf(each) ?? []))).filter((word) => WORD.test(word))
    : [];
}

/** Reads an object that may have a code or a reason for clients. */
function readObject(reader: Reader, literal: ts.ObjectLiteralExpression): void {
  const names = namesOf(literal);
  const file = relative(reader.root, literal.getSourceFile().fileName);
  const code = valueOf(literal, 'code');
  if (code) {
    const families = familiesOfCode(literal, names, file);
    if (families) addWords(reader, families, code);
    else if (valuesOf(reader, code).some(([word]) => WORD.test(word)))
      reader.unread.add(`${reader.placeOf(literal)}: {${[...names].join()}}`);
  }
  const reason = valueOf(literal, 'reason');
  if (!reason || NO_ERROR_WITH_REASON.some((each) => names.has(each))) return;
  const isOfItem = names.has('input') || reader.checker.getContextualType(literal)?.getProperty('input') !== undefined;
  const codes = codesBeside(reader, literal);
  if (codes.includes('UNAUTHENTICATED')) addWords(reader, ['reason of UNAUTHENTICATED'], reason);
  else if (codes.includes('RATE_LIMITED')) addWords(reader, ['reason of RATE_LIMITED'], reason);
  else if (isOfItem || codes.length > 0 || names.has('expected') || names.has('status'))
    addWords(reader, ['reason of BAD_USER_INPUT'], reason);
  else if (outerOf(literal).getText().startsWith('details:'))
    return; // of the audit
  else if (valuesOf(reader, reason).some(([word]) => WORD.test(word)))
    reader.unread.add(`${reader.placeOf(literal)}: {${[...names].join()}}`);
}

/** An expression without what says only of which type it is. */
const innerOf = (node: ts.Expression): ts.Expression =>
  ts.isParenthesizedExpression(node) ||
  ts.isAsExpression(node) ||
  ts.isSatisfiesExpression(node) ||
  ts.isNonNullExpression(node)
    ? innerOf(node.expression)
    : node;

/** `a.b.c` is called under the name c. */
const lastNameOf = (callee: ts.Expression): string =>
  ts.isPropertyAccessExpression(callee) ? callee.name.text : ts.isIdentifier(callee) ? callee.text : '';

/** The name that a function is called by: its own, its constant's, its member's or its class's. */
const nameOf = (owner: ts.SignatureDeclaration): string => {
  const named = ts.isConstructorDeclaration(owner) || !owner.name ? owner.parent : owner;
  return 'name' in named && named.name !== undefined ? (named.name as ts.Node).getText() : '';
};

/** `x.code`, `x['code']`. */
const isNamed = (node: ts.Node, name: string): boolean =>
  (ts.isPropertyAccessExpression(node) && node.name.text === name) ||
  (ts.isElementAccessExpression(node) && textOf(node.argumentExpression) === name);

/** `const { code } = x`: read where x is made. */
const isForwarded = (declaration: ts.Declaration): boolean =>
  ts.isBindingElement(declaration) &&
  /^(?:code|reason)$/.test((declaration.propertyName ?? declaration.name).getText());

const namesOf = (literal: ts.ObjectLiteralExpression): Set<string> =>
  new Set(literal.properties.flatMap(({ name }) => (name ? (ts.isComputedPropertyName(name) ? [] : name.text) : [])));

function valueOf(literal: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const property of literal.properties) {
    if (!property.name || ts.isComputedPropertyName(property.name) || property.name.text !== name) continue;
    if (ts.isPropertyAssignment(property)) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property)) return property.name;
  }
  return undefined;
}

/** What an expression stands in, past parentheses and both sides of a choice. */
function outerOf(node: ts.Node): ts.Node {
  const { parent } = node;
  return ts.isParenthesizedExpression(parent) || ts.isConditionalExpression(parent) || ts.isAsExpression(parent)
    ? outerOf(parent)
    : parent;
}

/** Entries of code lists, rules, metrics, logs: their codes are data. */
const DATA = ['name', 'otherText', 'number', 'score', 'transport', 'stack', 'text'];

/** Changes, streams, webhooks, audit and withdrawals have reasons of their own (docs/PROTOCOL.md, the schema). */
const NO_ERROR_WITH_REASON = ['change', 'topic', 'cursor', 'until', 'tokenId', 'documentNo', 'webhook'];

/** @returns null for an object that nobody has told what it is */
function familiesOfCode(
  literal: ts.ObjectLiteralExpression,
  names: ReadonlySet<string>,
  file: string,
): readonly Family[] | null {
  const outer = outerOf(literal);
  if (ts.isPropertyAssignment(outer) && outer.name.getText() === 'extensions') return ['error'];
  if (DATA.some((name) => names.has(name))) return [];
  if (names.has('column') && names.has('message')) return ['row'];
  if (names.has('path') && names.has('message')) return ['mutation'];
  // Why a record may not be filed, in whatever way it comes; and why a row became no proposal.
  if (file.endsWith('/filing/admission.ts')) return ['mutation', 'row'];
  if (/\/(?:filedProposals|filing\/disputes)\.ts$/.test(file)) return ['row'];
  if (['status', 'message', 'http', 'retryable'].some((name) => names.has(name))) return ['error'];
  return null;
}
