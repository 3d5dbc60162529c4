// Resolves `gradus` to another built checkout of it: its folder comes with the registration.
let parentURL;

export function initialize({ package: url }) {
  parentURL = url;
}

export function resolve(specifier, context, next) {
  const isOurs = specifier === "gradus" || specifier.startsWith("gradus/");
  return next(specifier, isOurs ? { ...context, parentURL } : context);
}
