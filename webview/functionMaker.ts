/**
 * Compiling at run time under the panel's content security policy, which has no 'unsafe-eval': a function arrives as
 * an inline script that carries the page's nonce, runs at once, leaves the function in a slot, and is gone again.
 * The text comes from kernels/emit/js.ts, which puts no text of the user into it.
 */
import { type FunctionMaker, useFunctionMaker } from "../kernels/emit/js.ts";
import type { LoopMemory } from "./work/loops.ts";

type Made = ReturnType<FunctionMaker>;

/** The page's nonce, from the script that is running: to be read while the bundle is being loaded, not later. */
export function pageNonce(): string {
  return document.currentScript instanceof HTMLScriptElement ? document.currentScript.nonce : "";
}

/** A maker of functions that needs nothing of the policy but the nonce. */
export function scriptFunctionMaker(nonce: string): FunctionMaker {
  const slots: Record<string, Made> = {};
  const hook = `flexlens${crypto.randomUUID().replaceAll("-", "")}`;
  // Not enumerable, and under a name nobody guesses: the slot is a way through, not an interface.
  Object.defineProperty(globalThis, hook, { value: slots });
  let next = 0;
  return (params, body) => {
    const slot = `f${next++}`;
    const script = document.createElement("script");
    script.nonce = nonce;
    script.text = `globalThis.${hook}.${slot} = function (${params.join(", ")}) {\n${body}\n};`;
    document.head.append(script);
    script.remove();
    const made = slots[slot];
    delete slots[slot];
    if (made === undefined) throw new Error("the page's content security policy keeps out scripts with its own nonce");
    return made;
  };
}

/** Installs it for every mask that is compiled from now on; `loops` remembers what it made, for workers. */
export function installFunctionMaker(nonce: string, loops: LoopMemory): void {
  useFunctionMaker(loops.watch(scriptFunctionMaker(nonce)));
}
