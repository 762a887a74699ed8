/** @file The graphics processor that WebGPU offers, and what it is called. */
import { UserError } from '@arrowsmith/errors';
import { openGpu } from './gpu.ts';

/** What results and errors name. Strings and booleans only, to be part of a record. */
export interface AdapterDescription {
  /** As the driver says, such as `Apple M3 Pro` or `NVIDIA H200`. */
  name: string;
  vendor: string;
  architecture: string;
  /** The driver's own words of itself, which may be none. */
  driver: string;
  /** Whether a processor computes what a graphics processor would: right, and slower than the backend `native`. */
  isSoftware: boolean;
}

/**
 * The fastest adapter that there is.
 *
 * @throws UserError where there is none
 */
export async function openAdapter(): Promise<GPUAdapter> {
  const gpu = await openGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter !== null) return adapter;
  throw new UserError({
    what: 'WebGPU finds no graphics processor here',
    expected: 'an adapter with a driver for Metal, Vulkan or Direct3D 12',
    fix: 'install the driver (on Linux, `vulkaninfo --summary` shows what there is), or choose another backend: ARROWSMITH_BACKEND=auto',
  });
}

/** What WebGPU tells of an adapter; browsers and older versions tell less than others. */
export interface AdapterInfo {
  vendor?: string;
  architecture?: string;
  device?: string;
  description?: string;
  isFallbackAdapter?: boolean;
  /** Threads of a subgroup. */
  subgroupMinSize?: number;
  subgroupMaxSize?: number;
}

export const describeAdapter = (adapter: GPUAdapter): AdapterDescription => describeInfo(infoOf(adapter));

export function describeInfo(info: AdapterInfo): AdapterDescription {
  const { vendor = '', architecture = '', device = '', description = '', isFallbackAdapter } = info;
  const software = /swiftshader|llvmpipe|lavapipe|basic render|null backend|null-backend/i; // the last is Dawn's own, which computes nothing
  return {
    name: nameOf(device) || architecture || vendor || 'a graphics processor',
    vendor,
    architecture,
    driver: description,
    isSoftware: isFallbackAdapter === true || [architecture, device, description].some((each) => software.test(each)),
  };
}

/** The types that tfjs brings are older than `adapter.info`. */
export const infoOf = (adapter: GPUAdapter): AdapterInfo => (adapter as unknown as { info?: AdapterInfo }).info ?? {};

/** Some say an internal name or a number, of which the first word means something. */
const nameOf = (device: string): string => (device.startsWith('0x') ? '' : device.replace(/-device-.*$/, '').trim());
