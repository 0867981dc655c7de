/**
 * How far each view is scrolled, kept in the state: a view that comes back, after another tab or a reload of the window,
 * is where it was left. The scrolling part of a view is its `.scroll`; a place is put back once, when the content is long
 * enough for it, and not after a hand has scrolled.
 */
import type { Store } from "./store.ts";

/** A place is kept when scrolling rests. */
const REST_MS = 150;

/** Follows the views' scrolling from now on; gives what is to be called after each drawing. */
export function followScroll(store: Store): () => void {
  const settled = new WeakSet<Element>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const scrolled = ({ target }: Event): void => {
    if (!(target instanceof HTMLElement) || !target.matches(".view .scroll")) return;
    settled.add(target);
    const part = store.get().view;
    clearTimeout(timer);
    timer = setTimeout(() => store.dispatch({ type: "scrolled", part, top: target.scrollTop }), REST_MS);
  };
  document.addEventListener("scroll", scrolled, { capture: true, passive: true });
  return () => {
    const element = document.querySelector(".view .scroll");
    const top = store.get().scroll[store.get().view] ?? 0;
    if (element === null || settled.has(element) || top === 0) return;
    if (element.scrollHeight - element.clientHeight < top) return;
    settled.add(element);
    element.scrollTop = top;
  };
}
