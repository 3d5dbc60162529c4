// The command line as the user should type it, for the hints that commands print.
import { basename, relative } from "node:path";
import { quoteForShell } from "./text.js";

const mainCommand = ["train", "mnist"];

/** `npm start -- …`, `npx gradus …` or whatever else started this process, with other arguments. */
export function commandLine(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  script = process.argv[1] ?? "",
): string {
  const words = args.map(quoteForShell);
  const isMain = mainCommand.every((word, i) => args[i] === word);
  if (env.npm_lifecycle_event === "start" && isMain) return ["npm", "start", "--", ...words.slice(2)].join(" ");
  if (env.npm_command === "exec") return ["npx", "gradus", ...words].join(" ");
  if (basename(script) === "gradus") return ["gradus", ...words].join(" ");
  return ["node", quoteForShell(relative(process.cwd(), script)), ...words].join(" ");
}
