// `node --import tsx --import ./bench/former/register.mjs`: programs that import `gradus` get the checkout in GRADUS_BENCH_AGAINST.
import { register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { href } = pathToFileURL(join(resolve(process.env.GRADUS_BENCH_AGAINST), "package.json"));
register("./hooks.mjs", import.meta.url, { data: { package: href } });
