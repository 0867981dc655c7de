import { describe, expect, test } from "vitest";
import { type EnvironmentHints, findEnvironment } from "../../../kernels/frontend/environment.ts";
import { createFollower } from "../../../kernels/frontend/follow.ts";
import {
  foldersAbove,
  importLines,
  lookedIn,
  MAX_IMPORTED_BYTES,
  MAX_MODULES,
  moduleCandidates,
  type Places,
} from "../../../kernels/frontend/imports.ts";
import type { Need } from "../../../kernels/frontend/module.ts";

const places = (more: Partial<Places> = {}): Places => ({ roots: ["/w"], paths: [], environment: [], confined: false, ...more });
const module = (name: string, level = 0) => ({ module: name, level, installed: true });
/** Candidates without what follows the module's own path: the folders looked in. */
const bases = (paths: readonly string[], name: string): string[] =>
  paths.filter((p) => p.endsWith(`/${name}.py`)).map((p) => p.slice(0, -`/${name}.py`.length));

describe("a module is looked for", () => {
  test.each<[string, string | null, Partial<Places>, string[]]>([
    ["beside the file, above it up to the root, and in the `src` of each", "/w/pkg/t.py", {}, ["/w/pkg", "/w/pkg/src", "/w", "/w/src"]],
    ["around a file that is in no workspace folder", "/x/y/t.py", { roots: [] }, ["/x/y", "/x/y/src", "/x", "/x/src"]],
    ["in the workspace, from a document without a place", null, {}, ["/w", "/w/src"]],
    ["in other workspace folders after its own", "/w/t.py", { roots: ["/other", "/w"] }, ["/w", "/w/src", "/other", "/other/src"]],
    ["in folders that the user names right after its own", "/w/a/t.py", { paths: ["/p"] }, ["/w/a", "/p", "/w/a/src", "/w", "/w/src"]],
    ["among installed packages last", "/w/t.py", { environment: ["/w/.venv/lib"] }, ["/w", "/w/src", "/w/.venv/lib"]],
    [
      "in the workspace alone where that is not trusted",
      "/x/t.py",
      { environment: ["/e"], paths: ["/p"], confined: true },
      ["/w", "/w/src"],
    ],
  ])("%s", (_, document, more, expected) => {
    expect(bases(moduleCandidates(module("m"), document, document, places(more)), "m")).toEqual(expected);
  });

  test("as a package before a file of its name", () => {
    expect(moduleCandidates(module("a.b"), "/w/t.py", "/w/t.py", places()).slice(0, 2)).toEqual(["/w/a/b/__init__.py", "/w/a/b.py"]);
  });

  test.each<[string, ReturnType<typeof module>, string | null, string[]]>([
    ["one dot: beside the importing file, and only there", module("m", 1), "/w/pkg/t.py", ["/w/pkg/m/__init__.py", "/w/pkg/m.py"]],
    ["two dots: one folder up", module("m", 2), "/w/pkg/sub/t.py", ["/w/pkg/m/__init__.py", "/w/pkg/m.py"]],
    ["dots alone: the package itself", module("", 1), "/w/pkg/t.py", ["/w/pkg/__init__.py"]],
    ["more dots than folders", module("m", 5), "/t.py", ["/m/__init__.py", "/m.py"]],
    ["dots in a document without a place", module("m", 1), null, []],
  ])("%s", (_, need, importer, expected) => {
    expect(moduleCandidates(need, importer, "/w/pkg/t.py", places())).toEqual(expected);
  });

  test("from an installed package among what the document sees, and not in the package's own folder", () => {
    const installed = "/e/site-packages/lib/core.py";
    const paths = moduleCandidates(module("utils"), installed, "/w/t.py", places({ environment: ["/e/site-packages"] }));
    expect(bases(paths, "utils")).toEqual(["/w", "/w/src", "/e/site-packages"]);
  });

  test("not among installed packages where only a file of the user's own can be meant", () => {
    const need = { ...module("datasets"), installed: false };
    expect(bases(moduleCandidates(need, "/w/t.py", "/w/t.py", places({ environment: ["/e"] })), "datasets")).toEqual(["/w", "/w/src"]);
  });

  test("and where it is nowhere, the places are named", () => {
    expect(lookedIn(module("m"), "/w/t.py", places())).toBe(
      "it is not beside this file, above it nor in the workspace, and no Python environment was found",
    );
    expect(lookedIn(module("m"), "/w/t.py", places({ environment: ["/e"], paths: ["/p"] }))).toBe(
      "it is not beside this file, above it, in the workspace, in `/p` nor in `/e`",
    );
    expect(lookedIn(module("m"), "/w/t.py", places({ confined: true }))).toContain("untrusted");
    expect(lookedIn(module("m", 2), "/w/t.py", places())).toContain("`..m`");
  });

  test("anew when the lines that import change, and only then", () => {
    const text = "import a\ndef f(b, h, q, k):\n    from .c import d\n    return q >= k\n";
    expect(importLines(text)).toBe("import a\n    from .c import d");
    expect(importLines(text.replace(">=", "<="))).toBe(importLines(text));
  });

  test("in no more than a few folders above a file outside of the workspace", () => {
    expect(foldersAbove("/a/b/c/d/e/f/g/h/i/j/t.py", ["/w"])).toHaveLength(7);
    expect(foldersAbove("/t.py", [])).toEqual(["/"]);
  });
});

/** A file system of texts by path; folders are what the paths imply. */
function tree(texts: Readonly<Record<string, string>>) {
  return {
    readText: async (path: string) => texts[path] ?? null,
    list: async (path: string) => [
      ...new Set(Object.keys(texts).flatMap((p) => (p.startsWith(`${path}/`) ? [p.slice(path.length + 1).split("/")[0] ?? ""] : []))),
    ],
  };
}

describe("the Python environment", () => {
  const SITE = "lib/python3.11/site-packages";
  const hints = (more: Partial<EnvironmentHints> = {}): EnvironmentHints => ({ interpreter: null, variables: {}, folders: [], ...more });

  test.each<[string, Record<string, string>, Partial<EnvironmentHints>, string[]]>([
    ["is a folder .venv beside the file", { [`/w/.venv/${SITE}/a.py`]: "" }, { folders: ["/w/pkg", "/w"] }, [`/w/.venv/${SITE}`]],
    [
      "is the active one before the folder's",
      { [`/w/venv/${SITE}/a.py`]: "", [`/v/${SITE}/a.py`]: "" },
      { folders: ["/w"], variables: { VIRTUAL_ENV: "/v/" } },
      [`/v/${SITE}`, `/w/venv/${SITE}`],
    ],
    [
      "is the interpreter's that the user chose, before all others",
      { [`/i/${SITE}/a.py`]: "", [`/v/${SITE}/a.py`]: "" },
      { interpreter: "/i/bin/python3", variables: { VIRTUAL_ENV: "/v" } },
      [`/i/${SITE}`, `/v/${SITE}`],
    ],
    ["is conda's", { [`/c/${SITE}/a.py`]: "" }, { variables: { CONDA_PREFIX: "/c" } }, [`/c/${SITE}`]],
    ["has Windows' folders", { "C:/v/Lib/site-packages/a.py": "" }, { variables: { VIRTUAL_ENV: "C:\\v" } }, ["C:/v/Lib/site-packages"]],
    [
      "is the search path's python3, with Debian's folders and the user's own",
      {
        "/usr/bin/python3": "",
        "/usr/lib/python3/dist-packages/a.py": "",
        "/usr/local/lib/python3.12/dist-packages/a.py": "",
        [`/me/.local/${SITE}/a.py`]: "",
      },
      { variables: { PATH: "/nowhere:/usr/bin:/bin", HOME: "/me" } },
      [`/me/.local/${SITE}`, "/usr/lib/python3/dist-packages", "/usr/local/lib/python3.12/dist-packages"],
    ],
    [
      "is not the search path's where there is a nearer one",
      { "/usr/bin/python3": "", "/usr/lib/python3/dist-packages/a.py": "", [`/w/.venv/${SITE}/a.py`]: "" },
      { folders: ["/w"], variables: { PATH: "/usr/bin" } },
      [`/w/.venv/${SITE}`],
    ],
    [
      "is what pyenv's stand-in means",
      { "/me/.pyenv/shims/python3": "", "/me/.pyenv/version": "3.11.4\n", [`/me/.pyenv/versions/3.11.4/${SITE}/a.py`]: "" },
      { variables: { PATH: "/me/.pyenv/shims" } },
      [`/me/.pyenv/versions/3.11.4/${SITE}`],
    ],
    [
      "goes on where pyvenv.cfg says so",
      {
        [`/v/${SITE}/a.py`]: "",
        "/v/pyvenv.cfg": "home = /opt/py/bin\ninclude-system-site-packages = true\n",
        [`/opt/py/${SITE}/b.py`]: "",
      },
      { variables: { VIRTUAL_ENV: "/v" } },
      [`/v/${SITE}`, `/opt/py/${SITE}`],
    ],
    [
      "has the newest Python's packages first",
      { "/v/lib/python3.9/site-packages/a.py": "", "/v/lib/python3.13t/site-packages/a.py": "" },
      { variables: { VIRTUAL_ENV: "/v" } },
      ["/v/lib/python3.13t/site-packages", "/v/lib/python3.9/site-packages"],
    ],
    [
      "names editable installs by path files, whose code is not run",
      {
        [`/v/${SITE}/lib.pth`]: "# a comment\n/src/lib\nimport os; os.system('x')\n../elsewhere\n",
        [`/v/${SITE}/__editable___fancy_1_0_finder.py`]:
          "MAPPING: dict[str, str] = {'fancy': '/src/fancy/python/fancy'}\nNAMESPACES = {}\n",
      },
      { variables: { VIRTUAL_ENV: "/v" } },
      [`/v/${SITE}`, "/src/lib", `/v/${SITE}/../elsewhere`, "/src/fancy/python"],
    ],
    ["is not there", { "/w/a.py": "" }, { folders: ["/w"], variables: { PATH: "/usr/bin" } }, []],
  ])("%s", async (_, texts, more, expected) => {
    expect(await findEnvironment(tree(texts), hints(more))).toEqual(expected);
  });
});

describe("following", () => {
  const need = (name: string): Need => ({ module: name, level: 0, span: { file: "main.py", from: 0, to: 1 }, installed: true });

  test("takes a bounded number of modules, and says so of the others", () => {
    const follower = createFollower({ file: "main.py", text: "" });
    for (let i = 0; i < MAX_MODULES + 5; i++) follower.answer(need(`m${i}`), { file: `m${i}.py`, text: "x" });
    expect(follower.sources()).toHaveLength(MAX_MODULES + 1);
    expect(JSON.stringify(follower.sources()[0]?.imports?.[`m${MAX_MODULES + 1}`])).toContain("modules would have to be read");
  });

  test("takes a bounded amount of text", () => {
    const follower = createFollower({ file: "main.py", text: "" });
    for (const name of ["a", "b", "c"]) follower.answer(need(name), { file: `${name}.py`, text: " ".repeat(MAX_IMPORTED_BYTES / 2) });
    expect(follower.sources().map((s) => s.file)).toEqual(["main.py", "a.py", "b.py"]);
  });

  test("answers each question once", () => {
    const follower = createFollower({ file: "main.py", text: "" });
    expect(follower.answer(need("a"), { looked: "nowhere" })).toBe(true);
    expect(follower.answer(need("a"), { file: "a.py", text: "" })).toBe(false);
    expect(follower.sources()).toEqual([{ file: "main.py", text: "", imports: { a: { looked: "nowhere" } } }]);
  });
});
