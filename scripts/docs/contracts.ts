// What the docstring of a public function, method or class must say beside what it does: the shapes of tensors that go in and
// come out, and the errors it throws.
import ts from "typescript";

/** What a docstring leaves out: `Shapes: …`, `@throws ShapeError`; or what it has and should not: `@throws of no error`. */
export function contractGaps(symbol: ts.Symbol, declaration: ts.Declaration, checker: ts.TypeChecker): string[] {
  const { signatures, bodies } = callable(symbol, declaration, checker);
  if (bodies.length === 0 && signatures.length === 0) return [];
  return [...shapeGaps(symbol, signatures, checker), ...throwGaps(symbol, bodies, checker)];
}

/** The error classes that a symbol's `@throws` begin with. */
export function documentedErrors(symbol: ts.Symbol, checker: ts.TypeChecker): string[] {
  const made = symbol.members?.get("__constructor" as ts.__String);
  const tags = [symbol, ...(made ? [made] : [])].flatMap((s) => s.getJsDocTags(checker));
  return tags.flatMap((tag) => {
    if (tag.name !== "throws") return [];
    const text = ts.displayPartsToString(tag.text);
    return [/^[`{]?\w+/.exec(text)?.[0].replace(/^[`{]/, "") ?? ""];
  });
}

interface Callable {
  readonly signatures: readonly ts.Signature[];
  /** What runs when users call it: where its errors are looked for. */
  readonly bodies: readonly ts.Node[];
}

/** A class is called by its constructor and, as modules and transforms are, by `forward`. Options that are functions are the user's own. */
function callable(symbol: ts.Symbol, declaration: ts.Declaration, checker: ts.TypeChecker): Callable {
  if (ts.isClassDeclaration(declaration)) {
    const isCalled = (member: ts.ClassElement) =>
      ts.isConstructorDeclaration(member) || (ts.isMethodDeclaration(member) && member.name.getText() === "forward");
    const bodies = declaration.members.filter(isCalled);
    const forward = bodies.find((member) => ts.isMethodDeclaration(member));
    const type = forward && checker.getTypeAtLocation(forward);
    return { signatures: type?.getCallSignatures() ?? [], bodies };
  }
  if (symbol.name === "forward" && ts.isMethodDeclaration(declaration)) return { signatures: [], bodies: [] }; // said at the class
  if (ts.isAccessor(declaration)) return { signatures: [], bodies: symbol.declarations ?? [] };
  const isFunction =
    ts.isFunctionDeclaration(declaration) ||
    ts.isMethodDeclaration(declaration) ||
    ts.isMethodSignature(declaration) ||
    ts.isPropertyAssignment(declaration) ||
    ts.isVariableDeclaration(declaration);
  if (!isFunction) return { signatures: [], bodies: [] };
  const signatures = checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures();
  const isClassValue = ts.isVariableDeclaration(declaration) && signatures.length === 0;
  return { signatures, bodies: isClassValue ? [] : (symbol.declarations ?? []) };
}

/** `Shapes: input → result` where tensors go in and come out; where they do one of both, `Shapes:` with what it may or will be. */
function shapeGaps(symbol: ts.Symbol, signatures: readonly ts.Signature[], checker: ts.TypeChecker): string[] {
  const takes = signatures.some((s) => s.parameters.some((p) => hasTensor(checker.getTypeOfSymbol(p), checker)));
  const gives = signatures.some((s) => hasTensor(s.getReturnType(), checker));
  if (!takes && !gives) return [];
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const stated = /\bShapes: \S.*/s.exec(text)?.[0];
  if (stated === undefined) return ["Shapes: …"];
  return takes && gives && !stated.includes("→") ? ["Shapes: … → …"] : [];
}

/** A Tensor, or lists, unions and plain objects that hold one. What a function among them takes and gives is its own business. */
function hasTensor(type: ts.Type, checker: ts.TypeChecker, above: readonly ts.Type[] = []): boolean {
  if (above.includes(type)) return false;
  const within = (part: ts.Type) => hasTensor(part, checker, [...above, type]);
  if (type.isUnionOrIntersection()) return type.types.some(within);
  if (type.flags & ts.TypeFlags.TypeParameter) {
    const bound = checker.getBaseConstraintOfType(type);
    return bound !== undefined && within(bound);
  }
  if (!(type.flags & ts.TypeFlags.Object) || type.getCallSignatures().length > 0) return false;
  if (type.symbol?.name === "Tensor") return true;
  if (type.symbol?.flags & ts.SymbolFlags.Class) return isTensorClass(type, checker);
  if (checker.getTypeArguments(type as ts.TypeReference).some(within)) return true;
  const declaration = type.symbol?.declarations?.[0];
  if (!declaration || declaration.getSourceFile().fileName.includes("/node_modules/")) return false;
  return checker.getPropertiesOfType(type).some((p) => within(checker.getTypeOfSymbol(p)));
}

function isTensorClass(type: ts.Type, checker: ts.TypeChecker): boolean {
  return checker.getBaseTypes(type as ts.InterfaceType).some((base) => base.symbol?.name === "Tensor");
}

/** Checks of what the compiler checks already: that a tensor is one, that options have known names. */
const typeChecks = [
  ...["noMore", "checkOptions", "checkTensor", "checkList", "checkArray", "checkFunction", "checkFlag", "checkNumber"],
  "checkDType",
];

/** Our own fault is nobody's to handle, and what is thrown again was told by who threw it. */
const unmentioned = ["InternalError"];

function throwGaps(symbol: ts.Symbol, bodies: readonly ts.Node[], checker: ts.TypeChecker): string[] {
  const documented = documentedErrors(symbol, checker);
  const wrong = documented.filter((name) => !/^[A-Z]\w*Error$/.test(name));
  const thrown = new Set<string>();
  const seen = new Set<ts.Node>();
  for (const body of bodies) collectThrown(body, thrown, seen, checker);
  const missing = [...thrown].filter((name) => !documented.includes(name) && !unmentioned.includes(name));
  return [...wrong.map(() => "@throws that begins with no error's name"), ...missing.map((name) => `@throws ${name}`)];
}

/**
 * The errors that code makes to throw them, itself or through private functions of its file and checks (`checkSizes(…)`) of other
 * files. Calls of public functions are not followed: they may be unable to fail there.
 */
function collectThrown(code: ts.Node, thrown: Set<string>, seen: Set<ts.Node>, checker: ts.TypeChecker): void {
  if (seen.has(code)) return;
  seen.add(code);
  const visit = (node: ts.Node): void => {
    if (ts.isThrowStatement(node) && ts.isNewExpression(node.expression))
      thrown.add(node.expression.expression.getText());
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const called = functionCalled(node.expression, checker);
      const isBeside = called?.getSourceFile() === code.getSourceFile() && !isExported(called);
      const isNear = isBeside || /^check[A-Z]/.test(node.expression.text);
      if (called && isNear && !typeChecks.includes(node.expression.text)) collectThrown(called, thrown, seen, checker);
    }
    ts.forEachChild(node, visit);
  };
  visit(code);
}

function isExported(declaration: ts.FunctionDeclaration): boolean {
  return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) !== 0;
}

function functionCalled(name: ts.Identifier, checker: ts.TypeChecker): ts.FunctionDeclaration | undefined {
  const symbol = checker.getSymbolAtLocation(name);
  const target = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declaration = target?.declarations?.find((d) => ts.isFunctionDeclaration(d) && d.body);
  return declaration as ts.FunctionDeclaration | undefined;
}
