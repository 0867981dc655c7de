/**
 * NumPy's `.npz`: a zip archive of `.npy` files, stored (`np.savez`) or deflated (`np.savez_compressed`). An array is
 * unpacked when it is asked for; written ones are stored, as `np.savez` does.
 */
import { unzipSync, zipSync } from "fflate";
import { readNpy } from "./npy.ts";
import { type ArrayToWrite, writeNpy } from "./npyWrite.ts";
import { type DataTable, fail, MAX_DATA_BYTES, mebibytes, tableOf } from "./value.ts";

/** @throws DataFault */
export function readNpz(bytes: Uint8Array): DataTable {
  const files = new Map<string, string>();
  unzip(bytes, ({ name }) => {
    if (!name.endsWith("/")) files.set(name.replace(/\.npy$/, ""), name);
    return false;
  });
  return tableOf([...files.keys()], (name) => {
    const file = files.get(name) ?? name;
    if (!file.endsWith(".npy")) fail(`\`${file}\` in it is no array`);
    const unpacked = unzip(bytes, (entry) => {
      if (entry.name !== file) return false;
      if (entry.originalSize > MAX_DATA_BYTES)
        fail(`\`${name}\` unpacks to ${mebibytes(entry.originalSize)} MB, above the ${mebibytes(MAX_DATA_BYTES)} MB that are read`);
      return true;
    });
    return readNpy(unpacked[file] ?? fail(`\`${name}\` cannot be unpacked`));
  });
}

type Filter = (entry: { readonly name: string; readonly originalSize: number }) => boolean;

function unzip(bytes: Uint8Array, filter: Filter): Record<string, Uint8Array> {
  if (!(bytes[0] === 0x50 && bytes[1] === 0x4b)) fail("it does not begin as a .npz file (a zip archive) does");
  let fault: unknown = null;
  try {
    return unzipSync(bytes, {
      filter: (entry) => {
        try {
          return filter(entry);
        } catch (error) {
          fault = error;
          return false;
        }
      },
    });
  } catch (error) {
    return fail(`the archive is damaged (${error instanceof Error ? error.message : String(error)})`);
  } finally {
    if (fault !== null) rethrow(fault);
  }
}

function rethrow(fault: unknown): never {
  throw fault;
}

/** Arrays by name as one archive; the same arrays give the same bytes on any day. */
export function writeNpz(arrays: Readonly<Record<string, ArrayToWrite>>): Uint8Array<ArrayBuffer> {
  const files = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)]));
  return new Uint8Array(zipSync(files, { level: 0, mtime: FIRST_DAY }));
}

/** The earliest date that a zip archive can hold, by the local clock that it holds dates in. */
const FIRST_DAY = new Date(1980, 0, 1);
