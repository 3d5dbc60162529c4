// Preloaded with --require: stands between Gradus and koffi, as KOFFI_HOOK says. `missing`: not installed; `broken`: its binary
// does not load; `refuse`: the system forbids executable memory; `log`: prints what every mmap and mprotect asks for.
const Module = require("node:module");

const mode = process.env.KOFFI_HOOK;
const { _resolveFilename: resolveFilename, _load: load } = Module;

Module._resolveFilename = function (request, ...rest) {
  if (request === "koffi" && mode === "missing") throw new Error("Cannot find module 'koffi'");
  return resolveFilename.call(this, request, ...rest);
};

Module._load = function (request, ...rest) {
  if (!/koffi[\\/]index\.cjs$/.test(request)) return load.call(this, request, ...rest);
  if (mode === "broken") throw new Error("libc: wrong version");
  return wrap(load.call(this, request, ...rest));
};

function wrap(koffi) {
  return {
    ...koffi,
    load(...args) {
      const library = koffi.load(...args);
      return {
        func(definition) {
          const real = library.func(definition);
          const name = /(\w+)\(/.exec(definition)[1];
          if (mode === "refuse" && name === "mprotect") {
            return () => {
              koffi.errno(koffi.os.errno.EACCES);
              return -1;
            };
          }
          if (mode === "log" && (name === "mprotect" || name === "mmap")) {
            return (...values) => {
              const result = real(...values);
              process.stdout.write(`${name} ${values[2]} at ${name === "mmap" ? result : values[0]}\n`);
              return result;
            };
          }
          return real;
        },
      };
    },
  };
}
