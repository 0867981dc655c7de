/** Waiting without timers, which browsers throttle to one a second in a hidden panel: by messages to oneself. */

/** One turn of the event loop. */
export function turn(): Promise<null> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(null);
    };
    port2.postMessage(null);
  });
}

/** Turns of the event loop until `ms` have passed. */
export async function restFor(ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until) await turn();
}
