/** The text of an entry's bundle: see bundledText.mjs. */
declare module "*?bundled" {
  const text: string;
  export default text;
}
