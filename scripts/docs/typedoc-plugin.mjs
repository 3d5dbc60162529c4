// A plugin of TypeDoc. Modules have the names they are imported under. The @param of a class's docstring are its constructor's, and are shown there; of the types that are
// not exported, those are shown that users meet in public signatures: options and results.
import { Comment, Converter, makeRecursiveVisitor, ReflectionKind } from "typedoc";

/** The module that typedoc-plugin-missing-exports makes; its name stands in typedoc.json. */
const internalModule = "options and other types";

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => nameModules(project));
  // Before TypeDoc's own plugins look at comments: they would drop a @param that is at no function.
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => moveParams(project), 1000);
  // When references are known, and before groups are made.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => dropUnseen(project), 1000);
}

/** @param {import("typedoc").ProjectReflection} project */
function nameModules(project) {
  for (const module of project.children ?? [])
    module.name = module.name === "index" ? "gradus" : `gradus/${module.name}`;
}

/** @param {import("typedoc").ProjectReflection} project */
function moveParams(project) {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.Class)) {
    const tags = reflection.comment?.getTags("@param") ?? [];
    const constructors = reflection.children?.filter((child) => child.kindOf(ReflectionKind.Constructor)) ?? [];
    for (const signature of constructors.flatMap((child) => child.signatures ?? [])) {
      for (const parameter of signature.parameters ?? []) {
        const tag = tags.find(({ name }) => name === parameter.name);
        if (tag && !parameter.comment) parameter.comment = new Comment(Comment.cloneDisplayParts(tag.content));
      }
    }
    // A module is callable: TypeDoc gives its call signature the class's comment, too.
    for (const { comment } of [reflection, ...(reflection.signatures ?? [])]) comment?.removeTags("@param");
  }
}

/** @param {import("typedoc").ProjectReflection} project */
function dropUnseen(project) {
  const internals = project
    .getReflectionsByKind(ReflectionKind.SomeModule)
    .filter(({ name }) => name === internalModule);
  const internalTypes = new Set(internals.flatMap((module) => typesIn(module)));
  const seen = new Set();
  const queue = [];
  const see = (reflection) => {
    if (seen.has(reflection)) return;
    seen.add(reflection);
    queue.push(reflection);
  };
  // All that is exported is seen, and all that a seen signature refers to.
  const isInternal = (child) => internals.includes(child);
  referencesIn(project, see, isInternal);
  for (let next = queue.pop(); next; next = queue.pop())
    if (internalTypes.has(next)) referencesIn(next, see, isInternal);

  const isShown = (reflection) => seen.has(reflection) && isForUsers(reflection);
  for (const module of internals) prune(project, module, isShown);
}

/** Calls `see` with what the types of a reflection and of its parts refer to. */
function referencesIn(reflection, see, isInternal) {
  const visitor = makeRecursiveVisitor({
    reference: (type) => void (type.reflection && see(type.reflection)),
    reflection: (type) => referencesIn(type.declaration, see, isInternal),
  });
  reflection.type?.visit(visitor);
  reflection.traverse((child) => {
    if (!isInternal(child)) referencesIn(child, see, isInternal);
    return true;
  });
}

/** Interfaces and type aliases in a module and the modules in it. */
function typesIn(module) {
  return (module.children ?? []).flatMap((child) =>
    child.kindOf(ReflectionKind.SomeModule) ? typesIn(child) : child.kindOf(typeKinds) ? [child] : [],
  );
}

const typeKinds = ReflectionKind.Interface | ReflectionKind.TypeAlias;

/** Not the compiler's own structures, nor the standard library's types. */
function isForUsers(reflection) {
  const file = reflection.sources?.[0]?.fileName ?? "";
  return reflection.kindOf(typeKinds) && /src\/(base|ops|tensor|nn|optim|data|vision|formats)\//.test(file);
}

/** Removes what is not shown, and modules that are empty then. */
function prune(project, module, isShown) {
  for (const child of [...(module.children ?? [])]) {
    if (child.kindOf(ReflectionKind.SomeModule)) prune(project, child, isShown);
    else if (!isShown(child)) project.removeReflection(child);
  }
  if (!module.children?.length) project.removeReflection(module);
}
