import { readFileSync } from 'node:fs';
import ts from 'typescript';

// What a rule about the code looks at is the syntax tree, so that no way of writing the same thing escapes it.

/** A file as TypeScript reads it. @param text what stands in it, where that is not to be read from disk */
export const parseFile = (path: string, text: string = readFileSync(path, 'utf8')): ts.SourceFile =>
  ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);

/** Every node below the given one, in the order of the file. */
export function nodesOf(node: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = [];
  const visit = (each: ts.Node): void => {
    nodes.push(each);
    each.forEachChild(visit);
  };
  node.forEachChild(visit);
  return nodes;
}

/** The value of a literal, whatever its quotes; of a template each part between its `${…}`. Null for any other node. */
export const textOf = (node: ts.Node): string | null =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node) ? node.text : null;

/** The texts of all literals and parts of templates in a file. */
export const textsOf = (source: ts.SourceFile): string[] => nodesOf(source).flatMap((node) => textOf(node) ?? []);

/** What a file imports or exports from elsewhere, as written there: types and `import()` too. */
export const moduleNamesOf = (source: ts.SourceFile): string[] =>
  nodesOf(source).flatMap((node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
      return node.moduleSpecifier ? (textOf(node.moduleSpecifier) ?? []) : [];
    if (ts.isImportTypeNode(node))
      return ts.isLiteralTypeNode(node.argument) ? (textOf(node.argument.literal) ?? []) : [];
    const isImport =
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require');
    return isImport && node.arguments[0] ? (textOf(node.arguments[0]) ?? []) : [];
  });

/** Whether a file reads `process.env`, under whatever name `process` or its `env` has there. */
export function readsEnvironment(source: ts.SourceFile): boolean {
  const nodes = nodesOf(source);
  const isProcess = (node: ts.Node): boolean => {
    if (ts.isIdentifier(node)) return node.text === 'process' || ofProcess.has(node.text);
    return ts.isPropertyAccessExpression(node) && node.name.text === 'process';
  };
  const ofProcess = new Set<string>();
  for (const node of nodes) {
    if (!ts.isImportDeclaration(node) || !/^(?:node:)?process$/.test(textOf(node.moduleSpecifier) ?? '')) continue;
    const { name, namedBindings } = node.importClause ?? {};
    if (name) ofProcess.add(name.text);
    if (namedBindings && ts.isNamespaceImport(namedBindings)) ofProcess.add(namedBindings.name.text);
    else if (namedBindings?.elements.some((each) => (each.propertyName ?? each.name).text === 'env')) return true;
  }
  return nodes.some((node) => {
    if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isProcess(node.expression);
    if (ts.isElementAccessExpression(node))
      return textOf(node.argumentExpression) === 'env' && isProcess(node.expression);
    return (
      ts.isVariableDeclaration(node) &&
      ts.isObjectBindingPattern(node.name) &&
      node.initializer !== undefined &&
      isProcess(node.initializer) &&
      node.name.elements.some((each) => (each.propertyName ?? each.name).getText() === 'env')
    );
  });
}
