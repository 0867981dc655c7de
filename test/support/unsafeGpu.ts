/** A device with what Dawn holds back as experimental: subgroup matrices. Its instance must outlive its devices. */
import { create, globals } from "webgpu";
import { type DeviceHandle, openDevice } from "../../kernels/runtime/device.ts";

Object.assign(globalThis, globals);
const instance = create(["enable-dawn-features=allow_unsafe_apis"]);

export const openUnsafeDevice = (): Promise<DeviceHandle> => openDevice(instance);
