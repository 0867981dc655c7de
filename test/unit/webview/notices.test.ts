/** What is wrong, in the panel's strips: the words, and what the links do. */
import { describe, expect, it } from "vitest";
import { lintReads } from "../../../kernels/lint/lint.ts";
import type { Act } from "../../../webview/act.ts";
import { createAct } from "../../../webview/act.ts";
import { originText } from "../../../webview/captureForm.ts";
import { derive } from "../../../webview/derive.ts";
import { noticesOf } from "../../../webview/notices.ts";
import type { FromPanel, Show } from "../../../webview/protocol.ts";
import { INITIAL } from "../../../webview/state.ts";
import { createStore } from "../../../webview/store.ts";

const TEXT = `# flexlens: Q_LEN=1024
import torch

docs = torch.arange(1024) // 256


def packed(b, h, q_idx, kv_idx):
    return docs[q_idx] == docs[kv_idx]
`;

import { showOf } from "../../support/showOf.ts";

function panelWith(text: string, more: Partial<Show> = {}) {
  const store = createStore(INITIAL, derive);
  const posted: FromPanel[] = [];
  const host = { post: (message: FromPanel) => void posted.push(message), getState: () => undefined, setState: () => undefined };
  const runs: string[] = [];
  const say = (word: string) => (): void => void runs.push(word);
  const act: Act = createAct(store, host, {
    run: say("run"),
    tune: say("tune"),
    sweep: say("sweep"),
    cancel: say("cancel"),
    probe: say("probe"),
    test: say("test"),
  });
  const show = (next: string, change: Partial<Show> = {}): void => {
    store.dispatch({ type: "show", show: showOf(next, { document: "file:///m.py", ...more, ...change }) });
  };
  show(text);
  const notices = (hasForm = false) => {
    const { scene, show: now } = store.get();
    const reads = scene === null || now === null ? [] : lintReads(now.sources, scene.variant, scene.problem);
    return noticesOf(store.get(), reads, hasForm);
  };
  const press = (text: string): void => {
    const found = notices().flatMap(({ actions }) => actions.filter((action) => action.text === text));
    if (found.length !== 1) throw new Error(`${found.length} links \`${text}\``);
    found[0]?.take(act);
  };
  return { store, act, posted, runs, show, notices, press };
}

describe("what is wrong", () => {
  it("is nothing where all is well", () => {
    expect(panelWith(TEXT).notices()).toEqual([]);
  });

  it("is a length that the tensors do not have: named as the panel's, with the way back", () => {
    const panel = panelWith(TEXT);
    panel.act.setProblem({ qLen: 4096, kvLen: 4096 });
    const [notice] = panel.notices();
    expect(notice).toMatchObject({ kind: "reads-error", level: "warning" });
    expect(notice?.message).toMatch(/^At the panel's sizes `docs\[q_idx\]` reads element 1024 of 1024 at/);
    panel.press("Set Q_LEN and KV_LEN to 1024");
    expect(panel.posted.at(-1)).toMatchObject({ type: "problem", problem: { qLen: 1024, kvLen: 1024 } });
    expect(panel.notices()).toEqual([]);
    panel.act.setProblem({ kvLen: 4096 });
    panel.press("Take the text's sizes");
    expect(panel.notices()).toEqual([]);
    expect(panel.posted.at(-1)).toEqual({ type: "problem", document: "file:///m.py", problem: {} });
  });

  it("is said of the text's own sizes without blaming the panel", () => {
    const [notice] = panelWith(TEXT.replace("Q_LEN=1024", "Q_LEN=2048")).notices();
    expect(notice?.message).toMatch(/^`docs\[q_idx\]` reads element 1024 of 1024/);
    expect(notice?.actions.map(({ text }) => text)).toEqual(["Set Q_LEN to 1024", "Go to line"]);
  });

  it("is heads that do not share: the sizes can be taken back", () => {
    const panel = panelWith(TEXT);
    panel.act.setProblem({ qHeads: 8, kvHeads: 3 });
    expect(panel.notices()).toMatchObject([{ kind: "error-strip", message: expect.stringContaining("cannot share") }]);
    panel.press("Take the text's sizes");
    expect(panel.notices()).toEqual([]);
  });

  it("is an error of the text, with its line", () => {
    const panel = panelWith(TEXT);
    panel.show(TEXT.replace("==", "="));
    expect(panel.notices()).toMatchObject([{ kind: "error-strip", level: "error", message: expect.stringMatching(/^Line 8: /) }]);
    panel.press("Go to line");
    expect(panel.posted.at(-1)).toMatchObject({ type: "reveal", document: "file:///m.py" });
  });

  it("is mended by its rewrite where it has one", () => {
    const panel = panelWith(TEXT.replace("return docs[q_idx] == docs[kv_idx]", "return q_idx >= kv_idx and docs[q_idx] == docs[kv_idx]"));
    panel.press("Fix");
    const at = TEXT.indexOf("docs[q_idx]");
    expect(panel.posted.at(-1)).toMatchObject({ type: "fix", document: "file:///m.py", from: at });
  });

  it("is a form value that cannot be used, unless the form itself says so", () => {
    const panel = panelWith(TEXT, { bindings: { docs: "torch.arange(" } });
    expect(panel.notices().map(({ kind, about }) => [kind, about])).toContainEqual(["binding-error", "docs"]);
    expect(panel.notices(true).map(({ kind }) => kind)).not.toContain("binding-error");
    panel.press("Take it back");
    expect(panel.notices()).toEqual([]);
  });

  it("is a document that was closed, until it is read again", () => {
    const panel = panelWith(TEXT);
    panel.store.dispatch({ type: "told", change: { documentState: "closed" } });
    expect(panel.notices()).toMatchObject([
      { kind: "document-closed", level: "warning", message: expect.stringMatching(/^`m.py` is closed/) },
    ]);
    panel.press("Open it");
    expect(panel.posted.at(-1)).toMatchObject({ type: "reveal", document: "file:///m.py" });
    panel.show(TEXT);
    expect(panel.notices()).toEqual([]);
  });

  it("is a text that was never saved and is gone: it can be had back", () => {
    const panel = panelWith(TEXT);
    panel.store.dispatch({ type: "told", change: { documentState: "gone" } });
    panel.press("Open the text as a new file");
    expect(panel.posted.at(-1)).toEqual({ type: "openText", language: "python", text: TEXT });
  });

  it("is an extension of another version, before all else", () => {
    const panel = panelWith(TEXT);
    panel.store.dispatch({ type: "stranger" });
    expect(panel.notices()).toMatchObject([{ kind: "stranger", level: "error" }]);
    panel.press("Load it anew");
    expect(panel.posted.at(-1)).toEqual({ type: "reload" });
  });
});

describe("a run while another panel measures", () => {
  it("is asked of the host, and can be taken back; else the page begins", () => {
    const panel = panelWith(TEXT);
    panel.act.run();
    panel.store.dispatch({ type: "told", change: { elsewhere: { variant: "causal", waits: false } } });
    panel.act.run();
    const wish = { type: "wants", document: "file:///m.py", variant: "packed" };
    expect(panel.posted.at(-1)).toEqual({ ...wish, wants: true });
    panel.store.dispatch({ type: "told", change: { elsewhere: { variant: "causal", waits: true } } });
    panel.act.cancel();
    expect(panel.posted.at(-1)).toEqual({ ...wish, wants: false });
    expect(panel.runs).toEqual(["run", "cancel"]);
  });
});

describe("where a capture's value comes from", () => {
  const sources = [
    { file: "file:///m.py", text: "a\nb\nc" },
    { file: "file:///lib/masks.py", text: "x\ny" },
  ];
  it.each([
    ["directive", { file: "file:///m.py", from: 4, to: 5 }, "directive, line 3"],
    ["module", { file: "file:///lib/masks.py", from: 2, to: 3 }, "module, masks.py:2"],
    ["module", { file: "file:///other.py", from: 2, to: 3 }, "module"],
    ["form", null, "you"],
    ["seeded", null, "not given"],
  ] as const)("%s at %j reads %s", (origin, span, words) => {
    expect(originText({ origin, span }, sources)).toBe(words);
  });
});
