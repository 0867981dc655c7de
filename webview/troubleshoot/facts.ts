/**
 * What a test of the machine's WebGPU found out: plain data, step by step, from the page to a shader that computes.
 * What was not reached is null. probe.ts finds it, verdict.ts reads it.
 */
import type { Surroundings } from "../protocol.ts";

/** The system that the window runs on; of a remote window the one in front of the user. */
export type Platform = "linux" | "mac" | "windows" | "other";

/** What the page says of itself. */
export interface PageFacts {
  readonly platform: Platform;
  /** In a browser's tab; else VS Code is a program of its own. */
  readonly isBrowser: boolean;
  /** `Chromium 142`, `Firefox 145`, `Safari 18`: the engine that draws the window. */
  readonly engine: string;
  /** WebGPU is kept from pages that are not. */
  readonly isSecure: boolean;
  /** What WebGL draws with, by the driver's own name; null: there is no WebGL. A second opinion on the hardware. */
  readonly webgl: string | null;
}

export interface AdapterFacts {
  readonly name: string;
  readonly software: boolean;
  readonly features: readonly string[];
  /** Bytes, but for the invocations. */
  readonly limits: {
    readonly binding: number;
    readonly buffer: number;
    readonly workgroupMemory: number;
    readonly invocations: number;
    readonly storageBuffers: number;
  };
}

/** What the shader gave. */
export interface ComputeFacts {
  /** From the shader's text to its numbers, milliseconds. */
  readonly tookMs: number;
  readonly count: number;
  /** The first number that is wrong; null: none is. */
  readonly wrong: { readonly at: number; readonly got: number; readonly want: number } | null;
}

export interface GpuFacts {
  readonly page: PageFacts;
  /** What the host told; null: nothing yet. */
  readonly surroundings: Surroundings | null;
  /** The window has WebGPU at all. */
  readonly hasApi: boolean;
  readonly adapter: AdapterFacts | null;
  /** The adapter that the other power preference gives, where it is another. */
  readonly otherAdapter: string | null;
  /** Why the adapter gave no device. */
  readonly deviceFault: string | null;
  readonly compute: ComputeFacts | null;
  /** Why the shader gave no numbers. */
  readonly computeFault: string | null;
  /** Steps of the clocks, milliseconds; `gpuMs` null: the GPU has no timestamps. */
  readonly clock: { readonly gpuMs: number | null; readonly wallMs: number } | null;
  /** Why the device was lost during the test; null: it was not. */
  readonly lost: string | null;
  /** How many devices this panel lost before the test. */
  readonly lostBefore: number;
  /** Milliseconds since 1970. */
  readonly testedAt: number;
}

/** A test that goes on, or its facts. */
export type GpuTest =
  | {
      readonly status: "running";
      /** What is tried now, in words. */
      readonly now: string;
    }
  | { readonly status: "done"; readonly facts: GpuFacts };

/** The system's name in a user agent. */
export function platformOf(userAgent: string): Platform {
  if (/Windows/.test(userAgent)) return "windows";
  if (/Mac OS X|Macintosh/.test(userAgent)) return "mac";
  return /Linux|X11|CrOS/.test(userAgent) && !/Android/.test(userAgent) ? "linux" : "other";
}

/** The engine's name and major version in a user agent. */
export function engineOf(userAgent: string): string {
  for (const [name, pattern] of ENGINES) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return `${name} ${version}`;
  }
  return "an unknown browser";
}

/** Each also names those below it. */
const ENGINES: readonly (readonly [name: string, version: RegExp])[] = [
  ["Firefox", /Firefox\/(\d+)/],
  ["Chromium", /Chrom(?:e|ium)\/(\d+)/],
  ["Safari", /Version\/(\d+)[\d.]* .*Safari\//],
];

/** Names by which software drivers go, in WebGL and WebGPU. */
export const isSoftwareName = (name: string): boolean => /swiftshader|llvmpipe|softpipe|basic render|software/i.test(name);
