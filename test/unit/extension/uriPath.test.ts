/** Paths as they are written on Windows and elsewhere, and as URIs have them. */
import { describe, expect, test } from "vitest";
import { normalPath, settingPath, uriParts, uriPath } from "../../../extension/uriPath.ts";

describe("a path as URIs have it", () => {
  test.each([
    ["/a/b", "/a/b"],
    ["/a/b/", "/a/b"],
    ["/", "/"],
    ["C:\\data\\x.npy", "/c:/data/x.npy"],
    ["C:/data/", "/c:/data"],
    ["/C:/data", "/c:/data"],
    ["d:", "/d:"],
    ["\\\\nas\\runs\\x.npy", "//nas/runs/x.npy"],
    ["data\\x.npy", "data/x.npy"],
    ["a:b/x", "a:b/x"],
  ])("%j is %j", (path, expected) => {
    expect(uriPath(path)).toBe(expected);
  });

  test.each([
    ["/a/./b/../c", "/a/c"],
    ["/../a", "/a"],
    ["/c:/w//x", "/c:/w/x"],
    ["//nas/runs/../x", "//nas/x"],
    ["", "/"],
  ])("%j without its detours is %j", (path, expected) => {
    expect(normalPath(path)).toBe(expected);
  });
});

test.each([
  ["/w/x.npy", "file", { path: "/w/x.npy" }],
  ["/c:/x.npy", "file", { authority: "", path: "/c:/x.npy" }],
  ["//nas/runs/x.npy", "file", { authority: "nas", path: "/runs/x.npy" }],
  ["//nas", "file", { authority: "nas", path: "/" }],
  ["//nas/runs/x.npy", "vscode-remote", { path: "/nas/runs/x.npy" }],
  ["/c:/x.npy", "vscode-vfs", { path: "/c:/x.npy" }],
])("%j in a URI of %s", (path, scheme, expected) => {
  expect(uriParts(path, scheme)).toEqual(expected);
});

describe("a path of the settings", () => {
  const variables: Readonly<Record<string, string>> = { HOME: "/home/me", LIBS: "\\\\nas\\libs" };
  const places = {
    folder: "/w/one",
    folders: { one: "/w/one", two: "/w/two" },
    variable: (name: string) => variables[name] ?? "",
  };
  test.each([
    ["lib", "/w/one/lib"],
    ["./lib/", "/w/one/lib"],
    ["..\\lib", "/w/lib"],
    ["/opt/lib", "/opt/lib"],
    ["~/lib", "/home/me/lib"],
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: as they stand in the settings
    ["${workspaceFolder}/lib", "/w/one/lib"],
    ["${workspaceFolder:two}\\lib", "/w/two/lib"],
    ["${env:LIBS}\\torch", "//nas/libs/torch"],
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as they stand in the settings
    ["C:\\Users\\me\\lib", "/c:/Users/me/lib"],
  ])("%j means %j", (path, expected) => {
    expect(settingPath(path, places)).toBe(expected);
  });

  test("counts from the user's folder where Windows has no HOME", () => {
    const variable = (name: string): string => (name === "USERPROFILE" ? "C:\\Users\\me" : "");
    expect(settingPath("~\\lib", { ...places, variable })).toBe("/c:/Users/me/lib");
  });

  test("counts from the root where there is no folder", () => {
    expect(settingPath("lib", { ...places, folder: null, folders: {} })).toBe("/lib");
  });
});
